#ifndef SENSOR_CONTROL_H
#define SENSOR_CONTROL_H

/*
 * The control socket: who may open it asks the running sensor, one JSON line a
 * request, one JSON line an answer, as many as wanted over one connection.
 *
 *     {"verb": "mute", "what": "MB-01", "why": "ticket 4711", "for": "1h"}
 *     {"ok": true, "until": 1772618400000000000}
 *     {"ok": false, "error": "there is no rule MB-01", "hint": "sightglass rules"}
 *
 * No thread of its own: the owner waits on control_fd() and calls control_turn().
 * Nothing here waits for a client: who is slow to ask or to take the answer is
 * let go after five seconds.  What there are rights to is decided by the file's mode
 * and group; verbs are told who asks.
 *
 * Invariant: a client is in one place of asking, waiting for a late answer, being
 * answered; the next request is looked at when the answer is gone.
 */

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum {
    CONTROL_CLIENTS = 16,
    CONTROL_REQUEST = 64 * 1024,  /* bytes of a request's line */
    CONTROL_ANSWER = 1024 * 1024, /* bytes of an answer's line */
    CONTROL_FILES = 4,            /* that an answer brings */
    CONTROL_NAME = 32,
    CONTROL_TEXT = 256, /* a sentence */
};

struct control;
/* Both libraries have a json_object(): who needs one of them includes it himself. */
struct json;
struct json_t; /* of jansson */

/* Who asks, as the kernel says. */
struct control_peer {
    uid_t uid;
    pid_t pid;
    char name[CONTROL_NAME]; /* "kim", or "uid:1007" */
};

/* One request; it lives for the call of its verb, the id until it is answered. */
struct control_call {
    uint64_t id;
    struct control *control;
    const struct json_t *request;
    struct control_peer who;
};

/*
 * A thing to ask for.  `run` puts members into the answer, which is an open object,
 * and returns true; or it returns control_refuse(), and what it has put goes out
 * beside the error.  It must not block.
 */
struct control_verb {
    const char *name;
    const char *arguments; /* "what why [for]": in brackets what may be left out */
    const char *doc;
    bool (*run)(void *context, const struct control_call *call, struct json *answer);
};

/*
 * Takes the place of a dead sensor's socket, never of a living one's.  The group gets
 * the socket if there is such a group.  `verbs` end with one without a name; they and
 * `context` are borrowed.  NULL, and why, when it cannot be.
 */
struct control *control_open(const char *path, const char *group,
                             const struct control_verb *verbs, void *context,
                             char why[CONTROL_TEXT]);
void control_close(struct control *c);

/* Readable when control_turn() has something to do. */
int control_fd(const struct control *c);
void control_turn(struct control *c);

/* ---- for verbs ------------------------------------------------------------------- */

/* Of the request: NULL, or `otherwise`, when it is not there or of another type. */
const char *control_text(const struct control_call *call, const char *name);
int64_t control_int(const struct control_call *call, const char *name, int64_t otherwise);
bool control_flag(const struct control_call *call, const char *name);

/* Always false.  The hint says what to do about it, or is NULL. */
bool control_refuse(const struct control_call *call, const char *hint, const char *format,
                    ...) __attribute__((format(printf, 3, 4)));

/*
 * Hands an open file to the client along with the answer, and takes it over in any
 * case.  The client reads it without any right to its directory.  False when there
 * are too many, or the client has gone.
 */
bool control_pass(struct control *c, uint64_t id, int fd);

/*
 * The answer comes later: the verb returns this, and keeps call->id.  What it has put
 * into the answer is void.  After thirty seconds without control_answer() the client
 * is told so.  Always true.
 */
bool control_later(const struct control_call *call);

/*
 * The late answer: an open object to put members into, or NULL when the client has
 * gone; then control_answer() with it done, or with an error and what to do about it.
 */
struct json *control_answer_open(struct control *c, uint64_t id);
void control_answer(struct control *c, uint64_t id, const char *error, const char *hint);

#endif
