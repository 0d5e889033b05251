EXTRA_DIST += %reldir%/README.md %reldir%/make %reldir%/scripts %reldir%/modbus
