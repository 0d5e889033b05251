noinst_LIBRARIES += libsensor.a
libsensor_a_SOURCES = \
	%reldir%/packet.h \
	%reldir%/checksum.h \
	%reldir%/classify.h %reldir%/classify.c %reldir%/ndpi_compat.h \
	%reldir%/decode.h %reldir%/decode.c \
	%reldir%/flow.h %reldir%/flow.c \
	%reldir%/stream.h %reldir%/stream.c \
	%reldir%/input.h %reldir%/input.c \
	%reldir%/savefile.h %reldir%/savefile.c \
	%reldir%/reader.h %reldir%/reader.c \
	%reldir%/conversation.h %reldir%/conversation.c \
	%reldir%/flow_record.h %reldir%/flow_record.c \
	%reldir%/health.h %reldir%/health.c \
	%reldir%/front.h %reldir%/front.c \
	%reldir%/lane.h %reldir%/lane.c \
	%reldir%/pipeline.h %reldir%/pipeline.c \
	%reldir%/worker.h %reldir%/worker.c \
	%reldir%/config.h %reldir%/config.c \
	%reldir%/config_print.c \
	%reldir%/settings.h %reldir%/settings.c \
	%reldir%/setting_print.c \
	%reldir%/setting_value.c \
	%reldir%/setup.h %reldir%/setup.c \
	%reldir%/site_read.h %reldir%/site_read.c \
	%reldir%/outputs.h %reldir%/outputs.c \
	%reldir%/analysis.h %reldir%/analysis.c \
	%reldir%/replay.h %reldir%/replay.c \
	%reldir%/status.h %reldir%/status.c %reldir%/status_json.c %reldir%/status_read.c \
	%reldir%/status_fields.h %reldir%/status_fields.c %reldir%/status_text.c \
	%reldir%/metrics.h %reldir%/metrics.c %reldir%/metrics_print.c \
	%reldir%/ceiling.h %reldir%/ceiling.c \
	%reldir%/pcapng.h %reldir%/pcapng.c \
	%reldir%/blackbox.h %reldir%/blackbox.c \
	%reldir%/notify.h %reldir%/notify.c \
	%reldir%/supervisor.h %reldir%/supervisor.c \
	%reldir%/confine.h %reldir%/confine.c %reldir%/confine_build.h \
	%reldir%/confine_files.c %reldir%/confine_calls.c \
	%reldir%/stats.h %reldir%/stats.c \
	%reldir%/packet_ring.h %reldir%/packet_ring.c \
	%reldir%/link.h %reldir%/link.c \
	%reldir%/port.h %reldir%/port.c \
	%reldir%/capture.h %reldir%/capture.c \
	%reldir%/packet_file.h %reldir%/packet_file.c \
	%reldir%/evidence.h %reldir%/evidence.c \
	%reldir%/live.h %reldir%/live.c %reldir%/live_capture.c %reldir%/live_analysis.c \
	%reldir%/live_output.c %reldir%/live_main.h %reldir%/live_main.c %reldir%/live_verbs.c \
	%reldir%/commands.h %reldir%/cmd_run.c %reldir%/cmd_replay.c %reldir%/cmd_check.c \
	%reldir%/cmd_alerts.c %reldir%/cmd_close.c %reldir%/cmd_explain.c %reldir%/cmd_rules.c %reldir%/cmd_rules_live.c \
	%reldir%/eve_file.h %reldir%/eve_file.c %reldir%/first_start.h %reldir%/first_start.c \
	%reldir%/live_question.h %reldir%/live_question.c \
	%reldir%/cmd_test.c %reldir%/rule_trial.h %reldir%/rule_trial.c

# Asking a running sensor: both ends of its control socket.
libsensor_a_SOURCES += \
	%reldir%/control.h %reldir%/control.c \
	%reldir%/control_place.h %reldir%/control_place.c \
	%reldir%/control_request.h %reldir%/control_request.c \
	%reldir%/control_client.h %reldir%/control_client.c \
	%reldir%/verbs.h %reldir%/verbs.c \
	%reldir%/mutes.h %reldir%/mutes.c %reldir%/mutes_file.c \
	%reldir%/evidence_file.h %reldir%/evidence_file.c \
	%reldir%/snapshot.h %reldir%/snapshot.c \
	%reldir%/cmd_control.h %reldir%/cmd_control.c %reldir%/cmd_alert_test.c \
	%reldir%/cmd_evidence.c %reldir%/cmd_mute.c

# Where the defaults of the settings point to.
AM_CPPFLAGS += -DPKGDATADIR='"$(pkgdatadir)"' -DSYSCONFDIR='"$(sysconfdir)"'
EXTRA_DIST  += %reldir%/sightglass.yaml %reldir%/README.md
dist_man_MANS = %reldir%/sightglass.1

bin_PROGRAMS += sightglass
sightglass_SOURCES = %reldir%/main.c
sightglass_LDADD   = libsensor.a libalerts.a librules.a libdissectors.a libcore.a $(LIBS_ALL)
