#include "CLibpcap.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

pcap_t *capture_open_descriptor(int descriptor, char message[PCAP_ERRBUF_SIZE]) {
    int copy = dup(descriptor);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "rb");
    if (file == NULL) {
        snprintf(message, PCAP_ERRBUF_SIZE, "cannot set up buffered reading");
        if (copy >= 0) close(copy);
        return NULL;
    }
    pcap_t *handle =
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, message);
    if (handle == NULL) {
        fclose(file);
        return NULL;
    }
    close(descriptor);
    return handle;
}

struct batch {
    pcap_t *handle;
    uint8_t *bytes;
    uint32_t byte_capacity;
    uint32_t bytes_used;
    struct capture_record *records;
    uint32_t record_capacity;
    uint32_t record_count;
    int nanosecond_stamps;
};

static int64_t nanoseconds(const struct timeval *time, int nanosecond_stamps) {
    int64_t total;
    int64_t fraction = nanosecond_stamps ? time->tv_usec : (int64_t)time->tv_usec * 1000;
    if (__builtin_mul_overflow((int64_t)time->tv_sec, INT64_C(1000000000), &total) ||
        __builtin_add_overflow(total, fraction, &total))
        return time->tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return total;
}

static void take(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes) {
    struct batch *batch = (struct batch *)context;
    uint32_t captured =
        header->caplen < CAPTURE_FRAME_LIMIT ? header->caplen : CAPTURE_FRAME_LIMIT;
    if (batch->record_count >= batch->record_capacity ||
        captured > batch->byte_capacity - batch->bytes_used)
        return; /* cannot happen: the dispatch is limited, and broken off below */
    struct capture_record *record = &batch->records[batch->record_count++];
    record->nanoseconds = nanoseconds(&header->ts, batch->nanosecond_stamps);
    record->offset = batch->bytes_used;
    record->captured = captured;
    record->original = header->len;
    memcpy(batch->bytes + batch->bytes_used, bytes, captured);
    batch->bytes_used += captured;
    if (batch->byte_capacity - batch->bytes_used < CAPTURE_FRAME_LIMIT)
        pcap_breakloop(batch->handle);
}

int capture_fill_batch(pcap_t *handle, int nanosecond_stamps, uint8_t *bytes,
                       uint32_t byte_capacity, struct capture_record *records,
                       uint32_t record_capacity, uint32_t *record_count) {
    struct batch batch = {
        .handle = handle,
        .bytes = bytes,
        .byte_capacity = byte_capacity,
        .records = records,
        .record_capacity = record_capacity,
        .nanosecond_stamps = nanosecond_stamps,
    };
    int result = pcap_dispatch(handle, (int)record_capacity, take, (u_char *)&batch);
    *record_count = batch.record_count;
    return result;
}
