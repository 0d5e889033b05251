#include "sensor/eve_file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

bool eve_file_open(struct eve_file *f, const char *path)
{
    *f = (struct eve_file){.in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re")};
    return f->in != NULL;
}

void eve_file_close(struct eve_file *f)
{
    if (f->in && f->in != stdin)
        fclose(f->in);
    free(f->line);
}

bool eve_file_next(struct eve_file *f, struct bytes *line)
{
    ssize_t len;

    while ((len = getline(&f->line, &f->size, f->in)) > 0) {
        if (f->line[0] != '{')
            continue;
        *line = (struct bytes){(const uint8_t *)f->line, (size_t)len};
        return true;
    }
    return false;
}
