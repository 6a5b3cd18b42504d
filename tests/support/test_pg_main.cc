// weft-test-pg <command> [argument...]: runs the command with WEFT_TEST_DATABASE_URL naming a private
// PostgreSQL that lives exactly as long as the command. Saves every test program from starting its own.
#include "support/pg.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

int main(int argc, char** argv) {
    if (argc < 2) {
        std::fprintf(stderr, "usage: weft-test-pg <command> [argument...]\n");
        return 2;
    }
    weft::test::Cluster cluster;
    pid_t child = fork();
    if (child == 0) {
        setenv("WEFT_TEST_DATABASE_URL", cluster.superuser_url().c_str(), 1);
        execvp(argv[1], argv + 1);
        std::perror(argv[1]);
        _exit(127);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
