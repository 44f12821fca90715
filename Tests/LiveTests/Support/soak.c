/* Makes TCP connections of ten frames on a device at a steady rate, as two hosts would seen between
   them: soak DEVICE CONNECTIONS_PER_SECOND SECONDS

   One in fifty is never answered, one refused, one repeats its data, one loses its last ACK. Prints
   how many connections and frames were sent and how long it took. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <linux/if_packet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { STEPS = 10, SPACING = 10, FRAME = 74, BATCH = 256 };
enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

/* From the client or not, flags, sequence and acknowledgment beside the initial ones, payload. */
struct step { int client; uint8_t flags; uint32_t sequence, acknowledgment; uint8_t length; };

static const struct step plain[STEPS] = {
    {1, SYN, 0, 0, 0}, {0, SYN | ACK, 0, 1, 0}, {1, ACK, 1, 1, 0}, {1, PSH | ACK, 1, 1, 20},
    {0, ACK, 1, 21, 0}, {0, PSH | ACK, 1, 21, 20}, {1, ACK, 21, 21, 0}, {1, FIN | ACK, 21, 21, 0},
    {0, FIN | ACK, 21, 22, 0}, {1, ACK, 22, 22, 0}};
static const struct step unanswered[STEPS] = {{1, SYN, 0, 0, 0}, {1, SYN, 0, 0, 0}};
static const struct step refused[STEPS] = {{1, SYN, 0, 0, 0}, {0, RST | ACK, 0, 1, 0}};
static const struct step repeated[STEPS] = {
    {1, SYN, 0, 0, 0}, {0, SYN | ACK, 0, 1, 0}, {1, ACK, 1, 1, 0}, {1, PSH | ACK, 1, 1, 20},
    {1, PSH | ACK, 1, 1, 20}, {0, ACK, 1, 21, 0}, {1, ACK, 21, 1, 0}, {1, FIN | ACK, 21, 1, 0},
    {0, FIN | ACK, 1, 22, 0}, {1, ACK, 22, 2, 0}};
static const struct step ackLost[STEPS] = {
    {1, SYN, 0, 0, 0}, {0, SYN | ACK, 0, 1, 0}, {1, ACK, 1, 1, 0}, {1, PSH | ACK, 1, 1, 20},
    {0, ACK, 1, 21, 0}, {1, FIN | ACK, 21, 1, 0}, {0, FIN | ACK, 1, 22, 0}, {1, ACK, 22, 2, 0},
    {0, FIN | ACK, 1, 22, 0}, {1, ACK, 22, 2, 0}};

static const struct step *script(uint64_t number) {
    switch (number % 50) {
    case 7: return unanswered;
    case 17: return refused;
    case 27: return repeated;
    case 37: return ackLost;
    default: return plain;
    }
}

static uint32_t add(uint32_t sum, const uint8_t *bytes, int length) {
    for (int i = 0; i < length; i += 2)
        sum += (uint32_t)bytes[i] << 8 | (i + 1 < length ? bytes[i + 1] : 0);
    return sum;
}

static void close_sum(uint32_t sum, uint8_t *at) {
    while (sum >> 16) sum = (sum & 0xffff) + (sum >> 16);
    at[0] = (uint8_t)(~sum >> 8);
    at[1] = (uint8_t)~sum;
}

static void big(uint8_t *at, uint32_t value) {
    value = htonl(value);
    memcpy(at, &value, 4);
}

static int build(uint8_t *frame, uint64_t number, const struct step *step) {
    uint8_t *ip = frame + 14, *tcp = ip + 20;
    int length = 40 + step->length;
    uint32_t client = 0x0a000000 + (uint32_t)(number / 28000 % 65536), server = 0x0aff0001;
    uint32_t ports = (uint32_t)(32768 + number % 28000) << 16 | 443;
    uint32_t seed = (uint32_t)(number * 2654435761u);
    memset(frame, 0, 14 + 40);
    frame[0] = 2, frame[6] = 2, frame[11] = 1, frame[12] = 8;
    ip[0] = 0x45, ip[2] = (uint8_t)(length >> 8), ip[3] = (uint8_t)length, ip[8] = 64, ip[9] = 6;
    big(ip + 12, step->client ? client : server);
    big(ip + 16, step->client ? server : client);
    close_sum(add(0, ip, 20), ip + 10);
    big(tcp, step->client ? ports : ports << 16 | ports >> 16);
    big(tcp + 4, step->sequence + (step->client ? seed : ~seed));
    if (step->flags & ACK) big(tcp + 8, step->acknowledgment + (step->client ? ~seed : seed));
    tcp[12] = 0x50, tcp[13] = step->flags, tcp[14] = 0xff;
    memset(tcp + 20, 'x', step->length);
    close_sum(add(add((uint32_t)(6 + length - 20), ip + 12, 8), tcp, length - 20), tcp + 16);
    return 14 + length;
}

static int64_t now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static uint8_t frames[BATCH][FRAME];
static struct iovec pieces[BATCH];
static struct mmsghdr messages[BATCH];

static void send_all(int out, int count) {
    for (int sent = 0; sent < count;) {
        int more = sendmmsg(out, messages + sent, (unsigned)(count - sent), 0);
        if (more < 0 && errno != ENOBUFS && errno != EAGAIN && errno != EINTR) {
            perror("soak");
            exit(1);
        }
        if (more > 0) sent += more;
        else usleep(100);
    }
}

int main(int argc, char **argv) {
    if (argc != 4) return fprintf(stderr, "soak DEVICE CONNECTIONS_PER_SECOND SECONDS\n"), 2;
    int64_t rate = atoll(argv[2]), ticks = atoll(argv[3]) * 1000;
    int out = socket(AF_PACKET, SOCK_RAW, 0);
    struct sockaddr_ll device = {
        .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(argv[1])};
    if (out < 0 || bind(out, (struct sockaddr *)&device, sizeof device) != 0)
        return perror("soak"), 1;
    uint64_t sent = 0;
    int64_t start = now();
    for (int64_t tick = 0; tick < ticks + STEPS * SPACING; tick++) {
        int count = 0;
        /* Every connection has a step each SPACING ticks. */
        for (int step = 0; step < STEPS; step++) {
            int64_t first = tick - step * SPACING;
            if (first < 0 || first >= ticks) continue;
            uint64_t end = (uint64_t)((first + 1) * rate / 1000);
            for (uint64_t number = (uint64_t)(first * rate / 1000); number < end; number++) {
                const struct step *one = &script(number)[step];
                if (one->flags == 0) continue;
                pieces[count].iov_base = frames[count];
                pieces[count].iov_len = (size_t)build(frames[count], number, one);
                messages[count].msg_hdr.msg_iov = &pieces[count];
                messages[count].msg_hdr.msg_iovlen = 1;
                sent++;
                if (++count == BATCH) send_all(out, count), count = 0;
            }
        }
        send_all(out, count);
        int64_t ahead = start + (tick + 1) * 1000000 - now();
        if (ahead > 0) usleep((useconds_t)(ahead / 1000));
    }
    printf("%lld connections, %llu frames, %.1f s\n", (long long)(ticks * rate / 1000),
           (unsigned long long)sent, (double)(now() - start) / 1e9);
    return 0;
}
