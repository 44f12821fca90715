/* The yardstick: reads a capture with libpcap and does nothing with its packets.
 *
 *   reference FILE
 */
#include <pcap/pcap.h>
#include <stdio.h>

static void nothing(u_char *count, const struct pcap_pkthdr *header, const u_char *bytes) {
  (void)header;
  (void)bytes;
  ++*(unsigned long *)count;
}

int main(int argc, char **argv) {
  char error[PCAP_ERRBUF_SIZE] = "one FILE is read";
  unsigned long count = 0;
  pcap_t *capture = argc == 2 ? pcap_open_offline(argv[1], error) : NULL;
  if (capture == NULL) {
    fprintf(stderr, "reference: %s\n", error);
    return 2;
  }
  int result = pcap_loop(capture, 0, nothing, (u_char *)&count);
  printf("%lu\n", count);
  pcap_close(capture);
  return result == 0 ? 0 : 1;
}
