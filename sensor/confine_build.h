#ifndef SENSOR_CONFINE_BUILD_H
#define SENSOR_CONFINE_BUILD_H

/* Whether a sanitizer lives in this process; gcc tells it one way, clang another. */

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define CONFINE_SANITIZED 1
#elif defined __has_feature
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define CONFINE_SANITIZED 1
#endif
#endif

#ifndef CONFINE_SANITIZED
#define CONFINE_SANITIZED 0
#endif

#endif
