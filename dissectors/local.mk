noinst_LIBRARIES += libdissectors.a
libdissectors_a_SOURCES =
