#ifndef SENSOR_CONTROL_CLIENT_H
#define SENSOR_CONTROL_CLIENT_H

/*
 * The commands' side of the control socket: connect, ask, get the answer, each
 * within a time.  Blocking; one request after the other.
 */

#include "sensor/control.h"

enum client_state {
    CLIENT_FINE,
    CLIENT_NOT_RUNNING, /* nobody listens there */
    CLIENT_FAILED,      /* no rights, no answer in time, no sense in it */
};

struct control_client {
    int fd;
    int timeout; /* ms for each step */
    char *line;  /* where answers are read to */
    size_t got;
    int files[CONTROL_FILES]; /* of the latest answer; taken ones are -1 */
    unsigned nfiles;
    char why[2 * CONTROL_TEXT]; /* a sentence, unless CLIENT_FINE */
};

/* control_disconnect() afterwards in any case. */
enum client_state control_connect(struct control_client *c, const char *path,
                                  int timeout);
void control_disconnect(struct control_client *c);

/*
 * The answer, whether it is ok or not: the caller's to json_decref().  NULL, and
 * c->why, when there was none.  The request is borrowed.
 */
struct json_t *control_ask(struct control_client *c, const struct json_t *request);

/* The nth file of the latest answer: the caller's to close; -1 when there is none. */
int control_take_file(struct control_client *c, unsigned n);

#endif
