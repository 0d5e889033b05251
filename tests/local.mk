# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

unit_tests =
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

unit_tests += %reldir%/test_decode
%canon_reldir%_test_decode_CFLAGS = $(unit_cflags)
%canon_reldir%_test_decode_LDADD  = libsensor.a libcore.a $(CMOCKA_LIBS) $(LIBS_ALL)

unit_tests += %reldir%/test_stream
%canon_reldir%_test_stream_CFLAGS = $(unit_cflags)
%canon_reldir%_test_stream_LDADD  = libsensor.a libcore.a $(CMOCKA_LIBS) $(LIBS_ALL)

unit_tests += %reldir%/test_flow
%canon_reldir%_test_flow_CFLAGS = $(unit_cflags)
%canon_reldir%_test_flow_LDADD  = libsensor.a libcore.a $(CMOCKA_LIBS) $(LIBS_ALL)

unit_tests += %reldir%/test_reader
%canon_reldir%_test_reader_CFLAGS = $(unit_cflags)
%canon_reldir%_test_reader_LDADD  = libsensor.a libcore.a $(CMOCKA_LIBS) $(LIBS_ALL)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS          += $(unit_tests)
endif

# What the sensor makes of a capture, for tests/compare-decode and for timing.
check_PROGRAMS += %reldir%/print_packets
%canon_reldir%_print_packets_LDADD = libsensor.a libcore.a $(LIBS_ALL)

if FUZZING
noinst_PROGRAMS += %reldir%/fuzz_packet %reldir%/fuzz_stream
%canon_reldir%_fuzz_packet_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_packet_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
%canon_reldir%_fuzz_stream_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_stream_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
endif
EXTRA_DIST += %reldir%/fuzz_packet.c %reldir%/fuzz_stream.c

EXTRA_DIST += %reldir%/guard.h %reldir%/frames.h %reldir%/compare-decode
