noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = \
	%reldir%/bytes.h %reldir%/cursor.h \
	%reldir%/address.h %reldir%/address.c \
	%reldir%/hash.h %reldir%/hash.c \
	%reldir%/pool.h %reldir%/pool.c
