# Moonstone. Licence: see LICENSE.
#
# V8 from Debian's libnode, as the imported target V8::V8.
#
# Two places, in this order:
#   1. the installed package libnode-dev;
#   2. the same packages unpacked by tools/install into .deps/libnode, for machines whose nodejs
#      comes from elsewhere and conflicts with libnode-dev.
# /usr/include/node is never used: it belongs to whoever installed nodejs, and its headers do not
# fit Debian's library. Debian builds V8 without pointer compression and without the sandbox, so
# no V8_* definition is needed.
#
# Sets V8_FOUND, V8_VERSION, V8_ORIGIN ("system" or "unpacked"). V8_ROOT overrides both places.

set(_v8_roots "")
if(V8_ROOT)
  list(APPEND _v8_roots ${V8_ROOT})
endif()
list(APPEND _v8_roots /usr ${CMAKE_CURRENT_LIST_DIR}/../.deps/libnode/usr)

set(V8_LIBRARY "V8_LIBRARY-NOTFOUND")
set(V8_INCLUDE_DIR "V8_INCLUDE_DIR-NOTFOUND")
foreach(_v8_root IN LISTS _v8_roots)
  get_filename_component(_v8_root ${_v8_root} ABSOLUTE)
  file(GLOB _v8_libraries ${_v8_root}/lib/*/libnode.so ${_v8_root}/lib/libnode.so)
  if(_v8_libraries AND EXISTS ${_v8_root}/include/nodejs/deps/v8/include/v8.h)
    list(GET _v8_libraries 0 V8_LIBRARY)
    set(V8_INCLUDE_DIR ${_v8_root}/include/nodejs/deps/v8/include)
    if(_v8_root STREQUAL "/usr")
      set(V8_ORIGIN system)
    else()
      set(V8_ORIGIN unpacked)
    endif()
    break()
  endif()
endforeach()

if(EXISTS ${V8_INCLUDE_DIR}/v8-version.h)
  file(STRINGS ${V8_INCLUDE_DIR}/v8-version.h _v8_lines
    REGEX "define V8_[A-Z]+_(VERSION|NUMBER|LEVEL)")
  set(_v8_parts "")
  foreach(_v8_name MAJOR_VERSION MINOR_VERSION BUILD_NUMBER PATCH_LEVEL)
    string(REGEX MATCH "V8_${_v8_name} ([0-9]+)" _v8_match "${_v8_lines}")
    list(APPEND _v8_parts "${CMAKE_MATCH_1}")
  endforeach()
  list(JOIN _v8_parts "." V8_VERSION)
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(V8 REQUIRED_VARS V8_LIBRARY V8_INCLUDE_DIR VERSION_VAR V8_VERSION)

if(V8_FOUND AND NOT TARGET V8::V8)
  add_library(V8::V8 SHARED IMPORTED)
  # The soname decides what the loader looks for; CMake adds the folder to the rpath of the build.
  set_target_properties(V8::V8 PROPERTIES
    IMPORTED_LOCATION ${V8_LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES ${V8_INCLUDE_DIR}
    INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${V8_INCLUDE_DIR})
  # What libnode itself needs is found by the loader, the static linker need not resolve it.
  set_property(TARGET V8::V8 PROPERTY INTERFACE_LINK_OPTIONS -Wl,--allow-shlib-undefined)
endif()
