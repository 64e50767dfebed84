# Moonstone. Licence: see LICENSE.
#
# What lies beside the binary: <build>/bin/moonstone and <build>/lib/moonstone/ in the build, the
# same two below the prefix after `cmake --install`. The target "support" fills lib/moonstone; it is
# not part of "all", because it needs npm.

if(MOONSTONE_DEV)
  add_custom_target(support
    COMMAND ${PROJECT_SOURCE_DIR}/tools/support ${PROJECT_BINARY_DIR}
    COMMENT "Support files of the binary"
    USES_TERMINAL
    VERBATIM)
  install(DIRECTORY ${PROJECT_BINARY_DIR}/lib/moonstone DESTINATION lib
          USE_SOURCE_PERMISSIONS OPTIONAL PATTERN .stamp EXCLUDE)
endif()

# An unpacked libnode travels with the binary; an installed one is a package dependency.
if(V8_FOUND AND V8_ORIGIN STREQUAL "unpacked")
  install(CODE "
    file(REAL_PATH \"${V8_LIBRARY}\" ms_libnode)
    file(INSTALL \${ms_libnode} DESTINATION \${CMAKE_INSTALL_PREFIX}/lib/moonstone)")
endif()
