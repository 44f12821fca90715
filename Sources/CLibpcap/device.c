#define _GNU_SOURCE
#include "CLibpcap.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

int capture_address_text(const struct sockaddr *address, char *text, uint32_t length) {
    socklen_t size = address == NULL                  ? 0
                     : address->sa_family == AF_INET  ? sizeof(struct sockaddr_in)
                     : address->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                                      : 0;
    return size != 0 &&
           getnameinfo(address, size, text, length, NULL, 0, NI_NUMERICHOST) == 0;
}

int capture_filter_matches(const struct bpf_program *program, const uint8_t *bytes,
                           uint32_t captured, uint32_t original) {
    struct pcap_pkthdr header = {.caplen = captured, .len = original};
    return pcap_offline_filter(program, &header, bytes) != 0;
}
