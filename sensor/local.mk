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
	%reldir%/worker.h %reldir%/worker.c \
	%reldir%/config.h %reldir%/config.c \
	%reldir%/config_print.c \
	%reldir%/settings.h %reldir%/settings.c \
	%reldir%/setting_print.c \
	%reldir%/setting_value.c \
	%reldir%/setup.h %reldir%/setup.c \
	%reldir%/outputs.h %reldir%/outputs.c \
	%reldir%/analysis.h %reldir%/analysis.c \
	%reldir%/replay.h %reldir%/replay.c \
	%reldir%/pcapng.h %reldir%/pcapng.c \
	%reldir%/status.h \
	%reldir%/stats.h %reldir%/stats.c \
	%reldir%/packet_ring.h %reldir%/packet_ring.c \
	%reldir%/link.h %reldir%/link.c \
	%reldir%/port.h %reldir%/port.c \
	%reldir%/capture.h %reldir%/capture.c \
	%reldir%/packet_file.h %reldir%/packet_file.c \
	%reldir%/evidence.h %reldir%/evidence.c \
	%reldir%/commands.h %reldir%/cmd_replay.c %reldir%/cmd_check.c

# Where the defaults of the settings point to.
AM_CPPFLAGS += -DPKGDATADIR='"$(pkgdatadir)"' -DSYSCONFDIR='"$(sysconfdir)"'
EXTRA_DIST  += %reldir%/sightglass.yaml %reldir%/README.md
dist_man_MANS = %reldir%/sightglass.1

bin_PROGRAMS += sightglass
sightglass_SOURCES = %reldir%/main.c
sightglass_LDADD   = libsensor.a libalerts.a librules.a libdissectors.a libcore.a $(LIBS_ALL)
