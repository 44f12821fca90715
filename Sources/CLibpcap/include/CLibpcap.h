#ifndef CLIBPCAP_H
#define CLIBPCAP_H

#include <pcap/pcap.h>
#include <stdint.h>
#include <sys/types.h>

/* What the shim says about one frame it copied out. */
struct capture_record {
    int64_t nanoseconds; /* since the epoch, clamped to the range of the type */
    uint32_t offset;     /* of the first byte in the batch */
    uint32_t captured;   /* bytes copied */
    uint32_t original;   /* bytes on the wire */
};

/* The longest frame handed over, libpcap's own MAXIMUM_SNAPLEN; longer ones are cut to it. */
#define CAPTURE_FRAME_LIMIT 262144u

/* Opens a capture from a descriptor, which belongs to the result if there is one and is left
   open otherwise. Stamps come in nanoseconds. NULL with a message when libpcap refuses. */
pcap_t *capture_open_descriptor(int descriptor, char message[PCAP_ERRBUF_SIZE]);

/* Copies frames of one pcap_dispatch() into the caller's arrays: at most `record_capacity` frames
   and no more than leave room for another one of CAPTURE_FRAME_LIMIT bytes, so `byte_capacity`
   must be at least that. `nanosecond_stamps` says whether tv_usec counts nanoseconds. Returns
   what pcap_dispatch() did: frames, 0 at the end of a file or when a device has none, PCAP_ERROR,
   PCAP_ERROR_BREAK. Whatever it is, `*record_count` frames were copied. */
int capture_fill_batch(pcap_t *handle, int nanosecond_stamps, uint8_t *bytes,
                       uint32_t byte_capacity, struct capture_record *records,
                       uint32_t record_capacity, uint32_t *record_count);

/* Starts `program -dc` with standard error discarded. It reads `input`, or, when that is
   negative, a socket whose other end becomes *feed (close it to end the input). What it writes
   comes from the pipe *output. Returns its process id, or an errno value negated. */
int capture_start_unpacking(const char *program, int input, int *feed, int *output);

/* write(2) to a socket without SIGPIPE and without waiting. */
ssize_t capture_send(int socket, const uint8_t *bytes, size_t length);

/* The numeric text of a socket address; 0 when it is of no family known here. */
int capture_address_text(const struct sockaddr *address, char *text, uint32_t length);

/* A filter program against a frame: whether it wants it. */
int capture_filter_matches(const struct bpf_program *program, const uint8_t *bytes,
                           uint32_t captured, uint32_t original);

/* The effective capabilities of this thread, one bit each. Returns 0 or an errno value. */
int capture_effective_capabilities(uint64_t *capabilities);

/* Looks up a user by name, or by number when `name` is NULL. Copies the name. Returns 1 when
   there is one, 0 when there is none. */
int capture_find_user(const char *name, uid_t number, uid_t *user, gid_t *group, char *found,
                      uint32_t length);

/* Gives up root and every capability for good and makes sure of it. `name` is the user whose
   supplementary groups are taken on; NULL for none. Without root only capabilities are given up.
   Returns 0, or an errno value with *step saying what was tried. */
int capture_drop_privileges(uid_t user, gid_t group, const char *name, const char **step);

/* The clock by which the kernel stamps frames: nanoseconds since the epoch. */
int64_t capture_wall_clock(void);

/* How many processors this process may run on. */
uint32_t capture_processors(void);

/* Rows << 16 | columns of a terminal; 0 where it is none, and in a half that it does not tell. */
uint32_t capture_terminal_size(int descriptor);

/* Whether nobody reads a pipe or socket any more. */
int capture_has_no_reader(int descriptor);

/* Makes the pipe into which signals are written as bytes, neither end waited for. Returns the end
   to read, or an errno value negated; EBUSY when there is one already. */
int capture_open_signal_pipe(void);

/* Has a signal written into that pipe from now on, or the next time only, and lets it through:
   who started us may have blocked it. */
void capture_catch_signal(int number, int only_once);

#endif
