#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

/* What every cmocka program includes, in the order cmocka wants. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Leaves a case that cannot be tried here.  cmocka's skip() is a failure to TAP. */
#define unit_cannot(why)                                  \
    do {                                                  \
        print_message("# not tried: it needs %s\n", why); \
        return;                                           \
    } while (0)

#endif
