# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

unit_tests =
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS          += $(unit_tests)
endif

# What is told to people and SIEMs.
unit_tests += %reldir%/test_json %reldir%/test_encode %reldir%/test_alert
%canon_reldir%_test_json_CFLAGS   = $(unit_cflags)
%canon_reldir%_test_json_LDADD    = libcore.a $(CMOCKA_LIBS) -lm
%canon_reldir%_test_encode_SOURCES = %reldir%/test_encode.c %reldir%/sample.c %reldir%/sample.h
%canon_reldir%_test_encode_CFLAGS = $(unit_cflags)
%canon_reldir%_test_encode_LDADD  = libcore.a $(CMOCKA_LIBS) $(CRYPTO_LIBS) -lm
%canon_reldir%_test_alert_SOURCES = %reldir%/test_alert.c $(sample_alerts)
%canon_reldir%_test_alert_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_alert_LDADD   = libalerts.a libcore.a $(CMOCKA_LIBS) $(CRYPTO_LIBS) -lm
sample_alerts = \
	%reldir%/sample.c %reldir%/sample.h \
	%reldir%/sample_alerts.c %reldir%/sample_alerts.h

check_PROGRAMS += %reldir%/print_events
%canon_reldir%_print_events_SOURCES = %reldir%/print_events.c $(sample_alerts)
%canon_reldir%_print_events_LDADD   = libalerts.a libcore.a $(CRYPTO_LIBS) -lm
TESTS      += %reldir%/events.test
EXTRA_DIST += %reldir%/events.test %reldir%/events.py
TEST_EXTENSIONS = .test
TEST_LOG_DRIVER = $(LOG_DRIVER)

unit_tests += %reldir%/test_sink %reldir%/test_redis
%canon_reldir%_test_sink_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_sink_LDADD   = libalerts.a libcore.a $(REDIS_LIBS) $(CMOCKA_LIBS) -lm
%canon_reldir%_test_redis_CFLAGS = $(unit_cflags)
%canon_reldir%_test_redis_LDADD  = libalerts.a libcore.a $(REDIS_LIBS) $(CMOCKA_LIBS) -lm

unit_tests += %reldir%/test_text
%canon_reldir%_test_text_SOURCES = %reldir%/test_text.c %reldir%/sample.c %reldir%/sample.h
%canon_reldir%_test_text_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_text_LDADD   = libalerts.a libcore.a $(CMOCKA_LIBS) -lm

check_PROGRAMS += %reldir%/print_filter
%canon_reldir%_print_filter_SOURCES = %reldir%/print_filter.c %reldir%/sample.c %reldir%/sample.h
%canon_reldir%_print_filter_LDADD   = libalerts.a libcore.a -lm
TESTS      += %reldir%/filter.test
EXTRA_DIST += %reldir%/filter.test
