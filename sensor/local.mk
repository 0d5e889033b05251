noinst_LIBRARIES += libsensor.a
libsensor_a_SOURCES = \
	%reldir%/packet.h \
	%reldir%/checksum.h %reldir%/checksum.c \
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
	%reldir%/worker.h %reldir%/worker.c

bin_PROGRAMS += sightglass
sightglass_SOURCES = %reldir%/main.c
sightglass_LDADD   = libsensor.a libalerts.a librules.a libdissectors.a libcore.a $(LIBS_ALL)
