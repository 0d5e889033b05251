# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT;

unit_tests  =
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

# Each test links only the layers it may see, so a layer that reaches upwards
# fails to link here.
unit_tests += %reldir%/test_diagnostic %reldir%/test_yaml %reldir%/test_record %reldir%/test_exchange

%canon_reldir%_test_diagnostic_CFLAGS = $(unit_cflags)
%canon_reldir%_test_diagnostic_LDADD  = libcore.a $(CMOCKA_LIBS)
%canon_reldir%_test_record_SOURCES = %reldir%/test_record.c %reldir%/sample.c %reldir%/sample.h %reldir%/unit.h
%canon_reldir%_test_record_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_record_LDADD   = libcore.a $(CMOCKA_LIBS)
%canon_reldir%_test_exchange_SOURCES = %reldir%/test_exchange.c %reldir%/sample.c
%canon_reldir%_test_exchange_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_exchange_LDADD   = libcore.a $(CMOCKA_LIBS)
%canon_reldir%_test_yaml_CFLAGS = $(unit_cflags)
%canon_reldir%_test_yaml_LDADD  = libcore.a $(YAML_LIBS) -lm $(CMOCKA_LIBS)

# What the sensor makes of a capture, for tests/compare-decode and for timing.
check_PROGRAMS += %reldir%/print_packets
%canon_reldir%_print_packets_LDADD = libsensor.a libcore.a $(LIBS_ALL)

# What is told to people and SIEMs.
unit_tests += %reldir%/test_json %reldir%/test_encode %reldir%/test_alert
%canon_reldir%_test_json_CFLAGS   = $(unit_cflags)
%canon_reldir%_test_json_LDADD    = libcore.a $(CMOCKA_LIBS) -lm
%canon_reldir%_test_encode_SOURCES = %reldir%/test_encode.c %reldir%/sample.c %reldir%/sample.h
%canon_reldir%_test_encode_CFLAGS = $(unit_cflags)
%canon_reldir%_test_encode_LDADD  = libcore.a $(CMOCKA_LIBS) $(CRYPTO_LIBS) -lm

# What nDPI says.
unit_tests += %reldir%/test_classify
%canon_reldir%_test_classify_CFLAGS = $(unit_cflags)
%canon_reldir%_test_classify_LDADD  = libsensor.a libcore.a $(LIBS_ALL) $(CMOCKA_LIBS)

# From frames to records, through the real dissectors.
unit_tests += %reldir%/test_worker
%canon_reldir%_test_worker_SOURCES = %reldir%/test_worker.c %reldir%/wire.c %reldir%/wire.h
%canon_reldir%_test_worker_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_worker_LDADD   = libsensor.a libalerts.a libdissectors.a libcore.a $(LIBS_ALL) $(CMOCKA_LIBS)

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

if FUZZING
noinst_PROGRAMS += %reldir%/fuzz_packet %reldir%/fuzz_stream %reldir%/fuzz_savefile
%canon_reldir%_fuzz_packet_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_packet_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
%canon_reldir%_fuzz_stream_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_stream_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
%canon_reldir%_fuzz_savefile_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_savefile_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
endif
EXTRA_DIST += %reldir%/fuzz_packet.c %reldir%/fuzz_stream.c %reldir%/fuzz_savefile.c

EXTRA_DIST += %reldir%/guard.h %reldir%/frames.h %reldir%/compare-decode

unit_tests += %reldir%/test_ruleset %reldir%/test_threshold
%canon_reldir%_test_ruleset_CFLAGS = $(unit_cflags)
%canon_reldir%_test_ruleset_LDADD  = librules.a libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) -lm $(CMOCKA_LIBS)
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

unit_tests += %reldir%/test_expression
%canon_reldir%_test_expression_CFLAGS = $(unit_cflags)
%canon_reldir%_test_expression_LDADD  = librules.a libcore.a $(YAML_LIBS) -lm $(CMOCKA_LIBS)
EXTRA_DIST += %reldir%/rules_bench.h

unit_tests += %reldir%/test_config
%canon_reldir%_test_config_CFLAGS = $(unit_cflags)
%canon_reldir%_test_config_LDADD  = libsensor.a libcore.a $(YAML_LIBS) -lm $(CMOCKA_LIBS)

EXTRA_DIST += %reldir%/config/bad.yaml %reldir%/config/bad.txt %reldir%/config/plant.yaml

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

# Cut, joined, swapped, repeated: the same records.
unit_tests += %reldir%/test_segmentation
%canon_reldir%_test_segmentation_SOURCES = %reldir%/test_segmentation.c \
	%reldir%/wire.c %reldir%/dump.c %reldir%/samples.c %reldir%/feed.c
%canon_reldir%_test_segmentation_CFLAGS  = $(unit_cflags)
%canon_reldir%_test_segmentation_LDADD   = libsensor.a libalerts.a libdissectors.a libcore.a $(LIBS_ALL) $(CMOCKA_LIBS)

# Run in the build folder, where the libraries are.
TESTS      += %reldir%/check-layers
EXTRA_DIST += %reldir%/check-layers
