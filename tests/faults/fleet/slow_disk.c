/* Preloaded into PostgreSQL: a disk that is slow or full as a file says (WEFT_DISK_FAULTS), which is one
 * byte: 's' delays each flush by 150 ms, 'f' refuses to make a file of tables longer. Anything else does
 * nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static const volatile char* control;

__attribute__((constructor)) static void open_control(void) {
    const char* path = getenv("WEFT_DISK_FAULTS");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void* map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    close(fd);
    if (map != MAP_FAILED) control = map;
}

static int fault(char which) {
    return control && *control == which;
}

/* Only what makes a table longer: a full log is another fault, which PostgreSQL answers by ending. */
static int is_full(int fd, off_t end) {
    char link[64], path[4096];
    struct stat info;
    if (!fault('f') || fstat(fd, &info) != 0 || end <= info.st_size) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size < 0) return 0;
    path[size] = 0;
    return strstr(path, "/base/") != NULL;
}

static void slow(void) {
    if (fault('s')) usleep(150000);
}

int fdatasync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    slow();
    return real(fd);
}

int fsync(int fd) {
    static int (*real)(int);
    if (!real) real = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    slow();
    return real(fd);
}

ssize_t pwrite(int fd, const void* data, size_t size, off_t at) {
    static ssize_t (*real)(int, const void*, size_t, off_t);
    if (!real) real = (ssize_t(*)(int, const void*, size_t, off_t))dlsym(RTLD_NEXT, "pwrite");
    if (is_full(fd, at + (off_t)size)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, data, size, at);
}

ssize_t pwritev(int fd, const struct iovec* parts, int count, off_t at) {
    static ssize_t (*real)(int, const struct iovec*, int, off_t);
    if (!real) real = (ssize_t(*)(int, const struct iovec*, int, off_t))dlsym(RTLD_NEXT, "pwritev");
    if (is_full(fd, at + 1)) {
        errno = ENOSPC;
        return -1;
    }
    return real(fd, parts, count, at);
}
