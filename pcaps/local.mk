EXTRA_DIST += %reldir%/README.md %reldir%/make %reldir%/scripts %reldir%/recipes %reldir%/modbus %reldir%/s7
