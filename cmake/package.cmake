# Moonstone. Licence: see LICENSE.
#
# The Debian package (make deb): the installed layout below /usr, with the systemd unit.

install(FILES ${PROJECT_SOURCE_DIR}/packaging/moonstone@.service
        DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/docs/deploy.md
              ${PROJECT_SOURCE_DIR}/CHANGELOG.md
        DESTINATION share/doc/moonstone)

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME moonstone)
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGE_CONTACT "Moonstone contributors <moonstone@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Real-time backend in one binary")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Serves functions written in TypeScript on an embedded database: queries are live\n"
    "over a WebSocket, mutations are durable transactions, actions run in Node.")
string(CONCAT CPACK_DEBIAN_PACKAGE_DESCRIPTION ${CPACK_DEBIAN_PACKAGE_DESCRIPTION})
set(CPACK_DEBIAN_PACKAGE_SECTION web)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
# Actions and HTTP routes run in Node; everything else works without.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "nodejs (>= 18)")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${PROJECT_BINARY_DIR}/lib/moonstone)
if(V8_FOUND AND V8_ORIGIN STREQUAL "unpacked")
  cmake_path(GET V8_LIBRARY PARENT_PATH ms_libnode_folder)
  list(APPEND CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${ms_libnode_folder})
endif()
include(CPack)
