#ifndef TESTS_UNIT_H
#define TESTS_UNIT_H

/* What every cmocka program includes, in the order cmocka wants. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
