# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

unit_tests = \
	%reldir%/test_diagnostic %reldir%/test_yaml \
	%reldir%/test_config
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
%canon_reldir%_test_config_CFLAGS = $(unit_cflags)
%canon_reldir%_test_config_LDADD  = libsensor.a libcore.a $(YAML_LIBS) -lm $(CMOCKA_LIBS)

EXTRA_DIST += %reldir%/config/bad.yaml %reldir%/config/bad.txt %reldir%/config/plant.yaml
