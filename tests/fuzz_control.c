#include <stdlib.h>
#include <string.h>

#include "sensor/control_request.h"

/*
 * Arbitrary bytes as a request on the control socket.  What is refused has a sentence,
 * and what is accepted has all the verb needs and nothing else.
 */

static const struct control_verb verbs[] = {
    {"mute", "what why [for] [critical]", "", NULL},
    {"status", "", "", NULL},
    {0},
};

static void look_at(struct json_t *request)
{
    char why[CONTROL_TEXT] = "";
    const struct control_verb *verb = request_verb(request, verbs, why);

    if (!verb && !why[0])
        abort();
    if (verb && strcmp(verb->name, request_text(request, "verb")) != 0)
        abort();
    if (verb == &verbs[1] && request_text(request, "what"))
        abort();
    request_int(request, "for", 0);
    request_flag(request, "critical");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char why[CONTROL_TEXT] = "";
    struct json_t *request;

    if (size > CONTROL_REQUEST)
        return 0;
    request = request_read((const char *)data, size, why);
    if (!request && !why[0])
        abort();
    if (request)
        look_at(request);
    request_free(request);
    return 0;
}
