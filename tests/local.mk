# Every test speaks TAP, so that `make check` counts cases, not programs.
LOG_DRIVER      = env AM_TAP_AWK='$(AWK)' $(SHELL) $(top_srcdir)/build-aux/tap-driver.sh
TEST_LOG_DRIVER = $(LOG_DRIVER)
TEST_EXTENSIONS = .test
AM_TESTS_ENVIRONMENT = CMOCKA_MESSAGE_OUTPUT=TAP; export CMOCKA_MESSAGE_OUTPUT; \
	top_srcdir=$(top_srcdir); export top_srcdir; \
	SIGHTGLASS_RULES='$(abs_top_srcdir)/rules/shipped'; export SIGHTGLASS_RULES;

unit_tests  =
unit_cflags = $(AM_CFLAGS) $(CMOCKA_CFLAGS)

# Each test links only the layers it may see, so a layer that reaches upwards
# fails to link here.
with_core       = libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) $(CMOCKA_LIBS) -lm
with_dissectors = libdissectors.a $(with_core)
with_rules      = librules.a $(with_core)
with_shipped    = librules.a $(with_dissectors)
with_alerts     = libalerts.a $(with_core) $(REDIS_LIBS) $(SQLITE_LIBS) $(TLS_LIBS) $(CRYPTO_LIBS) -lpthread
with_sensor     = libsensor.a libalerts.a librules.a $(with_dissectors) $(LIBS_ALL)

if HAVE_CMOCKA
check_PROGRAMS += $(unit_tests)
TESTS          += $(unit_tests)
endif

# The core.
unit_tests += %reldir%/test_diagnostic
%canon_reldir%_test_diagnostic_CFLAGS = $(unit_cflags)
%canon_reldir%_test_diagnostic_LDADD  = $(with_core)
unit_tests += %reldir%/test_yaml
%canon_reldir%_test_yaml_CFLAGS = $(unit_cflags)
%canon_reldir%_test_yaml_LDADD  = $(with_core)
unit_tests += %reldir%/test_json
%canon_reldir%_test_json_CFLAGS = $(unit_cflags)
%canon_reldir%_test_json_LDADD  = $(with_core)

unit_tests += %reldir%/test_sha256
%canon_reldir%_test_sha256_CFLAGS = $(unit_cflags)
%canon_reldir%_test_sha256_LDADD  = $(with_core)

unit_tests += %reldir%/test_ring
%canon_reldir%_test_ring_CFLAGS = $(unit_cflags)
%canon_reldir%_test_ring_LDADD  = $(with_core) -lpthread

unit_tests += %reldir%/test_record
%canon_reldir%_test_record_SOURCES = %reldir%/test_record.c %reldir%/sample.c
%canon_reldir%_test_record_CFLAGS = $(unit_cflags)
%canon_reldir%_test_record_LDADD  = $(with_core)
unit_tests += %reldir%/test_exchange
%canon_reldir%_test_exchange_SOURCES = %reldir%/test_exchange.c %reldir%/sample.c
%canon_reldir%_test_exchange_CFLAGS = $(unit_cflags)
%canon_reldir%_test_exchange_LDADD  = $(with_core)
unit_tests += %reldir%/test_encode
%canon_reldir%_test_encode_SOURCES = %reldir%/test_encode.c %reldir%/sample.c
%canon_reldir%_test_encode_CFLAGS = $(unit_cflags)
%canon_reldir%_test_encode_LDADD  = $(with_core)

# Dissectors: generic ones over the registry, and what is Modbus alone.
unit_tests += %reldir%/test_messages
%canon_reldir%_test_messages_SOURCES = %reldir%/test_messages.c %reldir%/dump.c %reldir%/feed.c %reldir%/samples.c
%canon_reldir%_test_messages_CFLAGS = $(unit_cflags)
%canon_reldir%_test_messages_LDADD  = $(with_dissectors)

unit_tests += %reldir%/test_modbus
%canon_reldir%_test_modbus_SOURCES = %reldir%/test_modbus.c %reldir%/dump.c %reldir%/feed.c
%canon_reldir%_test_modbus_CFLAGS = $(unit_cflags)
%canon_reldir%_test_modbus_LDADD  = $(with_dissectors)

unit_tests += %reldir%/test_dnp3
%canon_reldir%_test_dnp3_SOURCES = %reldir%/test_dnp3.c %reldir%/feed.c %reldir%/dump.c
%canon_reldir%_test_dnp3_CFLAGS = $(unit_cflags)
%canon_reldir%_test_dnp3_LDADD  = $(with_dissectors)
unit_tests += %reldir%/test_s7
%canon_reldir%_test_s7_SOURCES = %reldir%/test_s7.c %reldir%/dump.c %reldir%/feed.c
%canon_reldir%_test_s7_CFLAGS = $(unit_cflags)
%canon_reldir%_test_s7_LDADD  = $(with_dissectors)

# Rules.
unit_tests += %reldir%/test_expression
%canon_reldir%_test_expression_CFLAGS = $(unit_cflags)
%canon_reldir%_test_expression_LDADD  = $(with_rules)
unit_tests += %reldir%/test_ruleset
%canon_reldir%_test_ruleset_CFLAGS = $(unit_cflags)
%canon_reldir%_test_ruleset_LDADD  = $(with_rules)
unit_tests += %reldir%/test_language
%canon_reldir%_test_language_CFLAGS = $(unit_cflags)
%canon_reldir%_test_language_LDADD  = $(with_rules)
unit_tests += %reldir%/test_threshold
%canon_reldir%_test_threshold_CFLAGS = $(unit_cflags)
%canon_reldir%_test_threshold_LDADD  = $(with_rules)

unit_tests += %reldir%/test_shipped
%canon_reldir%_test_shipped_CFLAGS = $(unit_cflags)
%canon_reldir%_test_shipped_LDADD  = $(with_shipped)

# Alerts, screens, sinks.
unit_tests += %reldir%/test_alert
%canon_reldir%_test_alert_SOURCES = %reldir%/test_alert.c %reldir%/sample.c %reldir%/sample_alerts.c
%canon_reldir%_test_alert_CFLAGS = $(unit_cflags)
%canon_reldir%_test_alert_LDADD  = $(with_alerts)

unit_tests += %reldir%/test_text
%canon_reldir%_test_text_SOURCES = %reldir%/test_text.c %reldir%/sample.c
%canon_reldir%_test_text_CFLAGS = $(unit_cflags)
%canon_reldir%_test_text_LDADD  = $(with_alerts)

unit_tests += %reldir%/test_outbox_copy
%canon_reldir%_test_outbox_copy_SOURCES = %reldir%/test_outbox_copy.c %reldir%/sample.c %reldir%/sample_alerts.c
%canon_reldir%_test_outbox_copy_CFLAGS = $(unit_cflags)
%canon_reldir%_test_outbox_copy_LDADD  = $(with_alerts)
unit_tests += %reldir%/test_outbox
%canon_reldir%_test_outbox_CFLAGS = $(unit_cflags)
%canon_reldir%_test_outbox_LDADD  = $(with_alerts)
unit_tests += %reldir%/test_sink
%canon_reldir%_test_sink_CFLAGS = $(unit_cflags)
%canon_reldir%_test_sink_LDADD  = $(with_alerts)
unit_tests += %reldir%/test_redis
%canon_reldir%_test_redis_CFLAGS = $(unit_cflags)
%canon_reldir%_test_redis_LDADD  = $(with_alerts)

# From capture files to records.
unit_tests += %reldir%/test_decode
%canon_reldir%_test_decode_CFLAGS = $(unit_cflags)
%canon_reldir%_test_decode_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_flow
%canon_reldir%_test_flow_CFLAGS = $(unit_cflags)
%canon_reldir%_test_flow_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_stream
%canon_reldir%_test_stream_CFLAGS = $(unit_cflags)
%canon_reldir%_test_stream_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_reader
%canon_reldir%_test_reader_CFLAGS = $(unit_cflags)
%canon_reldir%_test_reader_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_classify
%canon_reldir%_test_classify_CFLAGS = $(unit_cflags)
%canon_reldir%_test_classify_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_config
%canon_reldir%_test_config_CFLAGS = $(unit_cflags)
%canon_reldir%_test_config_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_status
%canon_reldir%_test_status_SOURCES = %reldir%/test_status.c %reldir%/status_parse.c
%canon_reldir%_test_status_CFLAGS = $(unit_cflags)
%canon_reldir%_test_status_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_ceiling
%canon_reldir%_test_ceiling_CFLAGS = $(unit_cflags)
%canon_reldir%_test_ceiling_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_worker
%canon_reldir%_test_worker_SOURCES = %reldir%/test_worker.c %reldir%/wire.c
%canon_reldir%_test_worker_CFLAGS = $(unit_cflags)
%canon_reldir%_test_worker_LDADD  = $(with_sensor)

# Asking a running sensor.
unit_tests += %reldir%/test_control
%canon_reldir%_test_control_CFLAGS = $(unit_cflags)
%canon_reldir%_test_control_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_control_client
%canon_reldir%_test_control_client_CFLAGS = $(unit_cflags)
%canon_reldir%_test_control_client_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_mutes
%canon_reldir%_test_mutes_CFLAGS = $(unit_cflags)
%canon_reldir%_test_mutes_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_snapshot
%canon_reldir%_test_snapshot_CFLAGS = $(unit_cflags)
%canon_reldir%_test_snapshot_LDADD  = $(with_sensor)
check_PROGRAMS += %reldir%/serve_control
%canon_reldir%_serve_control_LDADD = libsensor.a libalerts.a librules.a libdissectors.a libcore.a $(LIBS_ALL)
unit_tests += %reldir%/test_outputs
%canon_reldir%_test_outputs_CFLAGS = $(unit_cflags)
%canon_reldir%_test_outputs_LDADD  = $(with_sensor)

# Cut, joined, swapped, repeated: the same records.
unit_tests += %reldir%/test_segmentation
%canon_reldir%_test_segmentation_SOURCES = %reldir%/test_segmentation.c %reldir%/wire.c %reldir%/dump.c %reldir%/samples.c %reldir%/feed.c
%canon_reldir%_test_segmentation_CFLAGS = $(unit_cflags)
%canon_reldir%_test_segmentation_LDADD  = $(with_sensor)

# What the live sensor is kept alive and small by.
unit_tests += %reldir%/test_pcapng
%canon_reldir%_test_pcapng_CFLAGS = $(unit_cflags)
%canon_reldir%_test_pcapng_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_confine_calls
%canon_reldir%_test_confine_calls_CFLAGS = $(unit_cflags)
%canon_reldir%_test_confine_calls_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_blackbox
%canon_reldir%_test_blackbox_CFLAGS = $(unit_cflags)
%canon_reldir%_test_blackbox_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_confine
%canon_reldir%_test_confine_CFLAGS = $(unit_cflags)
%canon_reldir%_test_confine_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_health
%canon_reldir%_test_health_CFLAGS = $(unit_cflags)
%canon_reldir%_test_health_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_supervisor
%canon_reldir%_test_supervisor_CFLAGS = $(unit_cflags)
%canon_reldir%_test_supervisor_LDADD  = $(with_sensor)

# Capture and evidence.
unit_tests += %reldir%/test_packet_ring
%canon_reldir%_test_packet_ring_CFLAGS = $(unit_cflags)
%canon_reldir%_test_packet_ring_LDADD  = $(with_sensor)

unit_tests += %reldir%/test_setup
%canon_reldir%_test_setup_CFLAGS = $(unit_cflags)
%canon_reldir%_test_setup_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_live_capture
%canon_reldir%_test_live_capture_CFLAGS = $(unit_cflags)
%canon_reldir%_test_live_capture_LDADD  = $(with_sensor)
unit_tests += %reldir%/test_evidence
%canon_reldir%_test_evidence_SOURCES = %reldir%/test_evidence.c %reldir%/wire.c
%canon_reldir%_test_evidence_CFLAGS = $(unit_cflags)
%canon_reldir%_test_evidence_LDADD  = $(with_sensor)
check_PROGRAMS += %reldir%/listen
%canon_reldir%_listen_LDADD = libsensor.a libalerts.a libcore.a $(LIBS_ALL)

# The sensor on wires of its own, as root.
live        = %reldir%/live/capture.test %reldir%/live/control.test %reldir%/live/confined.test
live       += %reldir%/live/run.test
TESTS      += $(live)
EXTRA_DIST += $(live) %reldir%/live/stage.py %reldir%/live/tsan %reldir%/bench/live

# A minute of 200,000 packets a second.
.PHONY: bench-live
bench-live: sightglass
	$(srcdir)/tests/bench/live --build .

# Programs that scripts need.
check_PROGRAMS += %reldir%/print_packets %reldir%/print_events %reldir%/print_filter
%canon_reldir%_print_packets_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
%canon_reldir%_print_events_SOURCES  = %reldir%/print_events.c %reldir%/sample.c %reldir%/sample_alerts.c
%canon_reldir%_print_events_LDADD    = libalerts.a libcore.a $(CRYPTO_LIBS) -lm
%canon_reldir%_print_filter_SOURCES  = %reldir%/print_filter.c %reldir%/sample.c
%canon_reldir%_print_filter_LDADD    = libalerts.a libcore.a -lm

# Alerts into real outputs, for faults.test.
check_PROGRAMS += %reldir%/raise_alerts
%canon_reldir%_raise_alerts_LDADD = $(with_sensor)

# The same faults for half an hour or so, with hours of alerts.
.PHONY: soak
soak: %reldir%/raise_alerts
	$(srcdir)/tests/live/faults %reldir%/raise_alerts --long

# check-layers runs in the build folder, where the libraries are.
scripts  = %reldir%/workers.test %reldir%/events.test %reldir%/replayed.test %reldir%/filter.test
scripts += %reldir%/rules.test %reldir%/reference.test %reldir%/rulefiles.test %reldir%/tutorial %reldir%/corpus.test %reldir%/check-layers
scripts += %reldir%/commands.test %reldir%/asked.test
scripts += %reldir%/faults.test
scripts += %reldir%/packaging.test
TESTS  += $(scripts)

# One harness each; `make fuzz` builds them in a folder of their own.  Here each is a
# program that takes files, and `make check` gives it its corpus.
check_PROGRAMS += %reldir%/corpus_dissector
%canon_reldir%_corpus_dissector_SOURCES = %reldir%/fuzz_dissector.c %reldir%/run_corpus.c
%canon_reldir%_corpus_dissector_LDADD   = libdissectors.a libcore.a
check_PROGRAMS += %reldir%/corpus_packet
%canon_reldir%_corpus_packet_SOURCES = %reldir%/fuzz_packet.c %reldir%/run_corpus.c
%canon_reldir%_corpus_packet_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
check_PROGRAMS += %reldir%/corpus_savefile
%canon_reldir%_corpus_savefile_SOURCES = %reldir%/fuzz_savefile.c %reldir%/run_corpus.c
%canon_reldir%_corpus_savefile_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
check_PROGRAMS += %reldir%/corpus_stream
%canon_reldir%_corpus_stream_SOURCES = %reldir%/fuzz_stream.c %reldir%/run_corpus.c
%canon_reldir%_corpus_stream_LDADD   = libsensor.a libcore.a $(LIBS_ALL)
check_PROGRAMS += %reldir%/corpus_rules
%canon_reldir%_corpus_rules_SOURCES = %reldir%/fuzz_rules.c %reldir%/run_corpus.c
%canon_reldir%_corpus_rules_LDADD   = librules.a libdissectors.a libcore.a $(YAML_LIBS) $(CRYPTO_LIBS) -lm
check_PROGRAMS += %reldir%/corpus_control
%canon_reldir%_corpus_control_SOURCES = %reldir%/fuzz_control.c %reldir%/run_corpus.c
%canon_reldir%_corpus_control_LDADD   = libsensor.a libcore.a $(LIBS_ALL)

if FUZZING
noinst_PROGRAMS += %reldir%/fuzz_dissector
%canon_reldir%_fuzz_dissector_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_dissector_LDADD   = $(%canon_reldir%_corpus_dissector_LDADD)
noinst_PROGRAMS += %reldir%/fuzz_packet
%canon_reldir%_fuzz_packet_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_packet_LDADD   = $(%canon_reldir%_corpus_packet_LDADD)
noinst_PROGRAMS += %reldir%/fuzz_savefile
%canon_reldir%_fuzz_savefile_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_savefile_LDADD   = $(%canon_reldir%_corpus_savefile_LDADD)
noinst_PROGRAMS += %reldir%/fuzz_stream
%canon_reldir%_fuzz_stream_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_stream_LDADD   = $(%canon_reldir%_corpus_stream_LDADD)
noinst_PROGRAMS += %reldir%/fuzz_rules
%canon_reldir%_fuzz_rules_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_rules_LDADD   = $(%canon_reldir%_corpus_rules_LDADD)
noinst_PROGRAMS += %reldir%/fuzz_control
%canon_reldir%_fuzz_control_LDFLAGS = $(AM_LDFLAGS) $(FUZZ_LDFLAGS)
%canon_reldir%_fuzz_control_LDADD   = $(%canon_reldir%_corpus_control_LDADD)
endif

EXTRA_DIST += $(scripts) %reldir%/live/faults %reldir%/dnp3.py %reldir%/events.py %reldir%/compare-decode \
	%reldir%/confined.h %reldir%/dump.h %reldir%/feed.h %reldir%/frames.h %reldir%/guard.h %reldir%/rules_bench.h \
	%reldir%/sample.h %reldir%/sample_alerts.h %reldir%/samples.h %reldir%/status_parse.h %reldir%/unit.h %reldir%/wire.h \
	%reldir%/corpus %reldir%/reference %reldir%/detections \
	%reldir%/config/bad.txt %reldir%/config/bad.yaml %reldir%/config/plant.yaml %reldir%/messages
