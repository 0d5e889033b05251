noinst_LIBRARIES += libsensor.a
libsensor_a_SOURCES =

bin_PROGRAMS += sightglass
sightglass_SOURCES = %reldir%/main.c
sightglass_LDADD   = libsensor.a libalerts.a librules.a libdissectors.a libcore.a $(LIBS_ALL)
