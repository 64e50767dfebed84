# Moonstone. Licence: see LICENSE.
#
# Libraries from the distribution; docs/dependencies.md says why each is here. Names for LINK:
#   Boost::headers (Asio, Beast)  Boost::json  fmt::fmt  CLI11::CLI11  tomlplusplus::tomlplusplus
#   OpenSSL::SSL OpenSSL::Crypto  CURL::libcurl  SQLite::SQLite3  ZLIB::ZLIB  Threads::Threads
#   V8::V8
#   GTest::gtest GTest::gmock  benchmark::benchmark  (tests and benchmarks)

set(ms_hint "Run tools/install, which installs the Debian packages that Moonstone needs.")

macro(ms_require package)
  find_package(${package} ${ARGN} QUIET)
  if(NOT ${package}_FOUND)
    message(FATAL_ERROR "${package} is missing. ${ms_hint}")
  endif()
endmacro()

ms_require(Threads)
ms_require(Boost 1.81 CONFIG COMPONENTS headers json system)
ms_require(fmt)
ms_require(CLI11)
ms_require(tomlplusplus)
ms_require(OpenSSL)
ms_require(CURL 7.76)
ms_require(SQLite3)
ms_require(ZLIB)
ms_require(PkgConfig)
pkg_check_modules(PCRE2 QUIET IMPORTED_TARGET libpcre2-8)
if(NOT TARGET PkgConfig::PCRE2)
  message(FATAL_ERROR "libpcre2-8 is missing. ${ms_hint}")
endif()
if(EXISTS ${PROJECT_SOURCE_DIR}/src/runtime/CMakeLists.txt)
  ms_require(V8)
endif()
if(MOONSTONE_DEV)
  ms_require(GTest)
  ms_require(benchmark)
  # The distribution's Python rather than a version manager's wrapper, which costs 0.1 s per call.
  if(NOT DEFINED Python3_EXECUTABLE AND EXISTS /usr/bin/python3)
    set(Python3_EXECUTABLE /usr/bin/python3)
  endif()
  ms_require(Python3 COMPONENTS Interpreter)
endif()
