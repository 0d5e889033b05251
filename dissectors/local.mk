# To add a protocol: write dissectors/<name>.c (or dissectors/<name>/, when its
# tables are large) and add its sources to this list.  The first file named after
# the protocol brings `dissector_<name>` into the registry.
dissectors = \
	%reldir%/modbus/modbus.c %reldir%/modbus/modbus.h \
	%reldir%/modbus/diagnostics.c %reldir%/modbus/files.c \
	%reldir%/modbus/framing.c %reldir%/modbus/functions.c \
	%reldir%/modbus/identification.c %reldir%/modbus/tables.c \
	%reldir%/modbus/umas.c \
	%reldir%/dnp3/dnp3.c %reldir%/dnp3/dnp3.h \
	%reldir%/dnp3/application.c %reldir%/dnp3/attributes.c \
	%reldir%/dnp3/definitions.c %reldir%/dnp3/link.c \
	%reldir%/dnp3/objects.c %reldir%/dnp3/points.c \
	%reldir%/dnp3/state.c %reldir%/dnp3/tables.c \
	%reldir%/s7comm.c %reldir%/s7comm_plus.c \
	%reldir%/s7/carried.c %reldir%/s7/carried.h \
	%reldir%/s7/iso.c %reldir%/s7/iso.h \
	%reldir%/s7/s7.h %reldir%/s7/s7_blocks.c %reldir%/s7/s7_items.c \
	%reldir%/s7/s7_pdu.c %reldir%/s7/s7_programmer.c %reldir%/s7/s7_services.c \
	%reldir%/s7/s7_szl.c %reldir%/s7/s7_tables.c %reldir%/s7/s7_userdata.c \
	%reldir%/s7/plus.c %reldir%/s7/plus.h \
	%reldir%/s7/plus_chain.c %reldir%/s7/plus_tables.c %reldir%/s7/plus_values.c

noinst_LIBRARIES += libdissectors.a
libdissectors_a_SOURCES = $(dissectors) %reldir%/dissector.h %reldir%/registry.c
nodist_libdissectors_a_SOURCES = %reldir%/registry.inc

BUILT_SOURCES += %reldir%/registry.inc
CLEANFILES    += %reldir%/registry.inc
%reldir%/registry.$(OBJEXT): %reldir%/registry.inc
%reldir%/registry.inc: $(srcdir)/%reldir%/local.mk
	$(AM_V_at)$(MKDIR_P) $(@D)
	$(AM_V_GEN)for f in $(dissectors); do n=$${f##*/}; n=$${n%.c}; d=$${f%/*}; \
	  case $$d in */$$n|*dissectors) echo "DISSECTOR($$n)";; esac; done >$@
EXTRA_DIST += %reldir%/README.md
