noinst_LIBRARIES += libcore.a
libcore_a_SOURCES = \
	%reldir%/bytes.h %reldir%/cursor.h \
	%reldir%/arena.h %reldir%/arena.c \
	%reldir%/diagnostic.h %reldir%/diagnostic.c \
	%reldir%/yaml.h %reldir%/yaml.c \
	%reldir%/address.h %reldir%/address.c \
	%reldir%/clock.h %reldir%/clock.c \
	%reldir%/common.h %reldir%/common.c \
	%reldir%/exchange.h %reldir%/exchange.c %reldir%/parts.c \
	%reldir%/hash.h %reldir%/hash.c \
	%reldir%/json.h %reldir%/json.c \
	%reldir%/encode.h %reldir%/encode.c \
	%reldir%/encode_schema.c \
	%reldir%/community.h %reldir%/community.c \
	%reldir%/now.h %reldir%/now.c \
	%reldir%/pool.h %reldir%/pool.c \
	%reldir%/record.h %reldir%/record.c \
	%reldir%/ring.h %reldir%/ring.c \
	%reldir%/schema.h %reldir%/schema.c \
	%reldir%/sha256.h %reldir%/sha256.c \
	%reldir%/site.h %reldir%/site.c \
	%reldir%/timers.h %reldir%/timers.c
