noinst_LIBRARIES += libsensor.a
libsensor_a_SOURCES = \
	%reldir%/packet.h \
	%reldir%/checksum.h \
	%reldir%/decode.h %reldir%/decode.c \
	%reldir%/flow.h %reldir%/flow.c \
	%reldir%/stream.h %reldir%/stream.c \
	%reldir%/input.h %reldir%/input.c \
	%reldir%/savefile.h %reldir%/savefile.c \
	%reldir%/reader.h %reldir%/reader.c

bin_PROGRAMS += sightglass
sightglass_SOURCES = %reldir%/main.c
sightglass_LDADD   = libsensor.a libalerts.a librules.a libdissectors.a libcore.a $(LIBS_ALL)
