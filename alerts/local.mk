noinst_LIBRARIES += libalerts.a
libalerts_a_SOURCES =
