/* Memory in large blocks, and a word to the processor about it. */
#ifndef CBLOCKSTORAGE_H
#define CBLOCKSTORAGE_H

#include <stddef.h>

/* Zeroed memory that begins where a huge page does, of huge pages as far as the system has them;
   NULL if there is none. */
void *block_storage_allocate(size_t size);

/* Gives such memory back. */
void block_storage_free(void *block, size_t size);

/* Asks for the cache line at an address, which may be any, and waits for nothing. */
static inline void block_storage_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

#endif
