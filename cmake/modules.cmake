# Moonstone. Licence: see LICENSE.
#
# ms_module(<name> SOURCES a.cc.. HEADERS a.h.. DEPS base.. LINK Boost::json.. [HEAVY])
#
#   Makes the static library ms_<name> of the folder that calls it. Include root is src/.
#   DEPS   modules whose headers this one may include (also through them). They must exist already:
#          an upward edge or a cycle is a configure error, a wrong #include a build error.
#   LINK   third-party libraries. They are private, so their headers do not spread.
#   HEAVY  compiles its files one at a time (V8, Beast).
#   Without SOURCES the module is an interface library: a folder may start with headers only.
#
# ms_program(<name> SOURCES main.cc DEPS cli.. LINK ..): an executable in <build>/bin. A project
# that embeds Moonstone gets the libraries only.

set(MS_LAYERS_DIR ${PROJECT_BINARY_DIR}/layers)
set_property(GLOBAL PROPERTY MS_MODULES "")
set_property(GLOBAL PROPERTY MS_MODULE_LINES "")

# Turns module names into targets, and refuses those that do not exist yet.
function(ms_targets_of owner out)
  set(targets "")
  foreach(dep IN LISTS ARGN)
    if(NOT TARGET ms_${dep})
      get_property(known GLOBAL PROPERTY MS_MODULES)
      list(JOIN known ", " known)
      message(FATAL_ERROR
        "${owner} depends on the module '${dep}', which does not exist at this point. Modules are "
        "added bottom-up (see the root CMakeLists.txt); so far there are: ${known}. Either the "
        "edge points upwards, or src/${dep}/CMakeLists.txt is missing.")
    endif()
    list(APPEND targets ms_${dep})
  endforeach()
  set(${out} ${targets} PARENT_SCOPE)
endfunction()

function(ms_require_files owner)
  foreach(file IN LISTS ARGN)
    cmake_path(IS_ABSOLUTE file is_absolute)
    if(NOT is_absolute AND NOT EXISTS ${CMAKE_CURRENT_SOURCE_DIR}/${file})
      message(FATAL_ERROR "${owner} lists ${file}, which is not in ${CMAKE_CURRENT_SOURCE_DIR}.")
    endif()
  endforeach()
endfunction()

function(ms_module name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "HEAVY" "" "SOURCES;HEADERS;DEPS;LINK")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "ms_module(${name}): unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  endif()
  ms_targets_of("ms_module(${name})" deps ${arg_DEPS})
  ms_require_files("ms_module(${name})" ${arg_SOURCES} ${arg_HEADERS})

  set(target ms_${name})
  if(arg_SOURCES)
    add_library(${target} STATIC ${arg_SOURCES})
    target_link_libraries(${target} PUBLIC ${deps} PRIVATE ${arg_LINK} ms_flags)
    target_include_directories(${target} PUBLIC
      ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_sources(${target} PRIVATE ${arg_HEADERS})
    if(arg_HEAVY)
      set_target_properties(${target} PROPERTIES JOB_POOL_COMPILE heavy)
    endif()
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE ${deps} ${arg_LINK})
    target_include_directories(${target} INTERFACE
      ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
  endif()
  add_library(moonstone::${name} ALIAS ${target})

  set_property(GLOBAL APPEND PROPERTY MS_MODULES ${name})
  file(RELATIVE_PATH folder ${PROJECT_SOURCE_DIR}/src ${CMAKE_CURRENT_SOURCE_DIR})
  list(JOIN arg_DEPS "," dep_names)
  set_property(GLOBAL APPEND PROPERTY MS_MODULE_LINES "${name}|${folder}|${dep_names}")

  if(MOONSTONE_DEV)
    ms_layer_check(${name} ${arg_SOURCES} ${arg_HEADERS})
    ms_header_check(${name} "${arg_HEADERS}" "${arg_LINK}")
  endif()
endfunction()

# tools/layers over the module's files: part of the default build, rerun when one of them changes.
function(ms_layer_check name)
  set(stamp ${MS_LAYERS_DIR}/${name}.stamp)
  add_custom_command(
    OUTPUT ${stamp}
    COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/tools/layers
            --root ${PROJECT_SOURCE_DIR} --map ${MS_LAYERS_DIR}/modules.txt
            --module ${name} --stamp ${stamp} ${ARGN}
    WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR}
    DEPENDS ${ARGN} ${PROJECT_SOURCE_DIR}/tools/layers ${MS_LAYERS_DIR}/modules.txt
    COMMENT "Layers of ${name}"
    VERBATIM)
  add_custom_target(ms_${name}_layers ALL DEPENDS ${stamp})
  if(NOT TARGET layers)
    add_custom_target(layers)
  endif()
  add_dependencies(layers ms_${name}_layers)
  add_dependencies(ms_${name} ms_${name}_layers)
endfunction()

# One generated .cc per header proves that each header compiles alone (target "headers").
# (CMake's own VERIFY_INTERFACE_HEADER_SETS does not see private libraries, which internal headers
# of the V8 and SQLite modules need.)
function(ms_header_check name headers link)
  set(checks "")
  foreach(header IN LISTS headers)
    cmake_path(ABSOLUTE_PATH header BASE_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} NORMALIZE)
    file(RELATIVE_PATH relative ${PROJECT_SOURCE_DIR} ${header})
    string(REPLACE "/" "__" check ${relative})
    set(check ${PROJECT_BINARY_DIR}/headers/${check}.cc)
    file(CONFIGURE OUTPUT ${check} CONTENT "#include \"${header}\"\n")
    list(APPEND checks ${check})
  endforeach()
  if(checks)
    add_library(ms_${name}_headers OBJECT EXCLUDE_FROM_ALL ${checks})
    target_link_libraries(ms_${name}_headers PRIVATE ms_${name} ${link} ms_flags)
    if(NOT TARGET headers)
      add_custom_target(headers)
    endif()
    add_dependencies(headers ms_${name}_headers)
  endif()
endfunction()

function(ms_program name)
  if(NOT PROJECT_IS_TOP_LEVEL)
    return()
  endif()
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;DEPS;LINK")
  ms_targets_of("ms_program(${name})" deps ${arg_DEPS})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${deps} ${arg_LINK} ms_flags ms_sanitizer_options)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  set_target_properties(${name} PROPERTIES
    RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin
    INSTALL_RPATH "$ORIGIN/../lib/moonstone")
  install(TARGETS ${name} RUNTIME DESTINATION bin)
endfunction()

# Adds those module folders that exist. A new one makes the next build configure again, and must
# have its place in the order.
macro(ms_add_modules)
  set(ms_ordered ${ARGN})
  foreach(ms_folder ${ARGN})
    if(EXISTS ${PROJECT_SOURCE_DIR}/src/${ms_folder}/CMakeLists.txt)
      string(REPLACE "/" "_" ms_name ${ms_folder})
      # A parent folder may have built the nested one itself.
      if(NOT TARGET ms_${ms_name})
        add_subdirectory(src/${ms_folder})
      endif()
    endif()
  endforeach()
  file(GLOB ms_found RELATIVE ${PROJECT_SOURCE_DIR}/src CONFIGURE_DEPENDS src/*/CMakeLists.txt)
  foreach(ms_file IN LISTS ms_found)
    cmake_path(GET ms_file PARENT_PATH ms_folder)
    if(NOT ms_folder IN_LIST ms_ordered)
      message(FATAL_ERROR "src/${ms_folder} has a CMakeLists.txt but no place in the list of "
                          "modules in the root CMakeLists.txt.")
    endif()
  endforeach()
endmacro()

function(ms_finish)
  get_property(lines GLOBAL PROPERTY MS_MODULE_LINES)
  list(JOIN lines "\n" text)
  file(CONFIGURE OUTPUT ${MS_LAYERS_DIR}/modules.txt CONTENT "${text}\n" @ONLY)
  get_property(names GLOBAL PROPERTY MS_MODULES)
  list(JOIN names " " names)
  message(STATUS "Modules: ${names}")
  if(TARGET V8::V8)
    message(STATUS "V8 ${V8_VERSION} (${V8_ORIGIN})")
  endif()
endfunction()
