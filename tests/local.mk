# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

unit_tests = %reldir%/test_classify
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS          += $(unit_tests)
endif

%canon_reldir%_test_classify_CFLAGS = $(unit_cflags)
%canon_reldir%_test_classify_LDADD  = libsensor.a libcore.a $(LIBS_ALL) $(CMOCKA_LIBS)
