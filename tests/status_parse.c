#include "tests/status_parse.h"

#include <jansson.h>

struct parsed *parse_status(const char *line, struct status *s)
{
    json_t *root = json_loads(line, 0, NULL);
    const json_t *stats = json_object_get(json_object_get(root, "ot"), "stats");

    if (status_from_json(stats, s))
        return (struct parsed *)root;
    json_decref(root);
    return NULL;
}

void parsed_free(struct parsed *p)
{
    json_decref((json_t *)p);
}
