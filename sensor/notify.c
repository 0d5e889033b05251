#include "sensor/notify.h"
#include "sensor/core/clock.h"
#include "sensor/core/now.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

/* A path, or a name of the abstract namespace, which begins with '@'. */
static socklen_t address_of(const char *path, struct sockaddr_un *to)
{
    size_t len = path ? strlen(path) : 0;

    if (len < 2 || len >= sizeof to->sun_path || (path[0] != '/' && path[0] != '@'))
        return 0;
    memset(to, 0, sizeof *to);
    to->sun_family = AF_UNIX;
    memcpy(to->sun_path, path, len);
    if (path[0] == '@')
        to->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
}

bool notify(const char *format, ...)
{
    struct sockaddr_un to;
    socklen_t size = address_of(getenv("NOTIFY_SOCKET"), &to);
    char text[512];
    va_list arguments;
    ssize_t sent;
    int fd;

    if (size == 0)
        return false;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    sent = sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&to, size);
    close(fd);
    return sent > 0;
}

bool notify_reloading(void)
{
    return notify("RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_monotonic() / NS_PER_US);
}
