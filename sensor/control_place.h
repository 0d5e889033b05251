#ifndef SENSOR_CONTROL_PLACE_H
#define SENSOR_CONTROL_PLACE_H

/*
 * The file of the control socket: whose it is, and who may open it.
 */

#include <sys/types.h>
#include <sys/un.h>

#include "sensor/control.h"

struct control_place {
    char path[sizeof((struct sockaddr_un *)0)->sun_path]; /* "": there is none */
    dev_t dev; /* of the file, to remove ours and no other */
    ino_t ino;
};

/*
 * A socket that listens there, non-blocking, the caller's to close; -1, and why.  It
 * takes the place of a dead sensor's, never of a living one's.
 */
int place_take(struct control_place *p, const char *path, const char *group,
               char why[CONTROL_TEXT]);

/* Removes the file, unless another sensor has taken the place. */
void place_leave(const struct control_place *p);

#endif
