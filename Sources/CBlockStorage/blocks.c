#define _DEFAULT_SOURCE
#include "CBlockStorage.h"

#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

/* The size of a huge page, or of several. */
#define ALIGNMENT ((size_t)2 << 20)

static size_t in_pages(size_t size) {
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    return (size + page - 1) / page * page;
}

void *block_storage_allocate(size_t size) {
    size = in_pages(size);
    char *room = mmap(NULL, size + ALIGNMENT, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return NULL;
    /* What lies before and behind the aligned part goes back. */
    size_t before = -(uintptr_t)room & (ALIGNMENT - 1);
    if (before > 0) munmap(room, before);
    char *block = room + before;
    munmap(block + size, ALIGNMENT - before);
#ifdef MADV_HUGEPAGE
    madvise(block, size, MADV_HUGEPAGE);
#endif
    return block;
}

void block_storage_free(void *block, size_t size) {
    munmap(block, in_pages(size));
}
