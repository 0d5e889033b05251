/*
 * A fuzz harness without the fuzzer: every file that is named goes through it once.
 * What broke it before, and what reaches far, stands in tests/corpus/.
 */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LARGEST = 1 << 20 };

static int try_file(const char *path)
{
    static uint8_t room[LARGEST];
    FILE *f = fopen(path, "rb");
    uint8_t *exact; /* so that one byte too many is seen by sanitizers */
    size_t n;

    if (!f) {
        perror(path);
        return 1;
    }
    n = fread(room, 1, sizeof room, f);
    fclose(f);
    exact = malloc(n ? n : 1);
    if (!exact)
        return 1;
    for (size_t i = 0; i < n; i++)
        exact[i] = room[i];
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    return 0;
}

int main(int argc, char **argv)
{
    int failed = 0;

    for (int i = 1; i < argc; i++)
        failed += try_file(argv[i]);
    return failed ? 1 : 0;
}
