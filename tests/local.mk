# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir=$(top_srcdir); export top_srcdir;

unit_tests = \
	%reldir%/test_diagnostic %reldir%/test_expression %reldir%/test_yaml \
	%reldir%/test_ruleset %reldir%/test_shipped %reldir%/test_threshold
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS          += $(unit_tests)
endif

# Each test links only the layers it may see, so a layer that reaches upwards
# fails to link here.
%canon_reldir%_test_diagnostic_CFLAGS = $(unit_cflags)
%canon_reldir%_test_diagnostic_LDADD  = libcore.a $(CMOCKA_LIBS)
%canon_reldir%_test_yaml_CFLAGS = $(unit_cflags)
%canon_reldir%_test_yaml_LDADD  = libcore.a $(YAML_LIBS) -lm $(CMOCKA_LIBS)
%canon_reldir%_test_expression_CFLAGS = $(unit_cflags)
%canon_reldir%_test_expression_LDADD  = librules.a libcore.a $(YAML_LIBS) -lm $(CMOCKA_LIBS)
EXTRA_DIST += %reldir%/rules_bench.h
%canon_reldir%_test_ruleset_CFLAGS = $(unit_cflags)
%canon_reldir%_test_ruleset_LDADD  = librules.a libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) -lm $(CMOCKA_LIBS)
%canon_reldir%_test_shipped_CFLAGS = $(unit_cflags)
%canon_reldir%_test_shipped_LDADD  = librules.a libdissectors.a libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) -lm $(CMOCKA_LIBS)
%canon_reldir%_test_threshold_CFLAGS = $(unit_cflags)
%canon_reldir%_test_threshold_LDADD  = librules.a libcore.a $(CMOCKA_LIBS)

unit_tests += %reldir%/test_messages %reldir%/test_modbus
%canon_reldir%_test_messages_SOURCES = %reldir%/test_messages.c \
	%reldir%/dump.h %reldir%/dump.c %reldir%/feed.h %reldir%/feed.c \
	%reldir%/guard.h %reldir%/samples.h %reldir%/samples.c
%canon_reldir%_test_messages_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_messages_LDADD   = libdissectors.a libcore.a $(CMOCKA_LIBS)
%canon_reldir%_test_modbus_SOURCES = %reldir%/test_modbus.c \
	%reldir%/dump.h %reldir%/dump.c %reldir%/feed.h %reldir%/feed.c
%canon_reldir%_test_modbus_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_modbus_LDADD   = libdissectors.a libcore.a $(CMOCKA_LIBS)

if FUZZING
noinst_PROGRAMS += %reldir%/fuzz_dissector
%canon_reldir%_fuzz_dissector_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_dissector_LDADD   = libdissectors.a libcore.a
endif
EXTRA_DIST += %reldir%/fuzz_dissector.c %reldir%/messages

if FUZZING
noinst_PROGRAMS += %reldir%/fuzz_rules
%canon_reldir%_fuzz_rules_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_rules_LDADD   = librules.a libdissectors.a libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) -lm
endif
EXTRA_DIST += %reldir%/fuzz_rules.c
