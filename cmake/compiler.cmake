# Moonstone. Licence: see LICENSE.
#
# Chooses the compiler before project(), and refuses the ones that are known to be wrong after it.

if(NOT DEFINED CMAKE_CXX_COMPILER AND NOT DEFINED ENV{CXX})
  find_program(MOONSTONE_CLANG NAMES clang++-19 clang++-20 clang++-18 clang++-17 clang++-16 clang++)
  if(MOONSTONE_CLANG)
    set(CMAKE_CXX_COMPILER ${MOONSTONE_CLANG} CACHE FILEPATH "C++ compiler")
  endif()
endif()

if(NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  find_program(MOONSTONE_CCACHE ccache)
  if(MOONSTONE_CCACHE)
    # Without the working directory in the hash, all build folders of a machine share one cache
    # (flags.cmake keeps the directory out of the debug information).
    # It keeps what was compiled with a precompiled header only if told that this header stands for
    # its macros (testing.cmake leaves the times out of it).
    set(CMAKE_CXX_COMPILER_LAUNCHER
        ${CMAKE_COMMAND} -E env CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros
        ${MOONSTONE_CCACHE}
        CACHE STRING "Compiler launcher")
  endif()
endif()

# Called by flags.cmake once the compiler is known.
function(ms_check_compiler)
  set(id ${CMAKE_CXX_COMPILER_ID})
  set(version ${CMAKE_CXX_COMPILER_VERSION})
  if(id STREQUAL "GNU" AND version VERSION_LESS 14)
    message(FATAL_ERROR
      "GCC ${version} miscompiles coroutines. Use Clang 16 or newer (Debian 12: "
      "apt install clang-19, then cmake --preset dev), or GCC 14 or newer.")
  elseif(id MATCHES "Clang" AND version VERSION_LESS 16)
    message(FATAL_ERROR
      "Clang ${version} lacks parts of C++23. Use Clang 16 or newer (Debian 12: "
      "apt install clang-19, then cmake --preset dev).")
  elseif(NOT id MATCHES "Clang|GNU")
    message(FATAL_ERROR "Moonstone is built with Clang >= 16 or GCC >= 14, not with ${id}.")
  endif()
endfunction()
