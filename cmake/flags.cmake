# Moonstone. Licence: see LICENSE.
#
# Flags of our own targets. They hang on the interface target ms_flags, so that a program which
# embeds Moonstone keeps its own flags.

ms_check_compiler()

set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_OPTIMIZE_DEPENDENCIES ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# A Beast or V8 file takes up to 0.8 GB and 30 s: never two at once on a small machine.
set_property(GLOBAL APPEND PROPERTY JOB_POOLS heavy=1)

add_library(ms_flags INTERFACE)
target_compile_features(ms_flags INTERFACE cxx_std_23)
target_compile_options(ms_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wold-style-cast
  -Wimplicit-fallthrough -Wnull-dereference
  $<$<BOOL:${MOONSTONE_WERROR}>:-Werror>)

if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(ms_flags INTERFACE -ffile-compilation-dir=. -Wthread-safety)
  find_program(MOONSTONE_LLD NAMES ld.lld-19 ld.lld)
  if(MOONSTONE_LLD)
    target_link_options(ms_flags INTERFACE --ld-path=${MOONSTONE_LLD})
  endif()
endif()

# What ships keeps its assertions, and line tables instead of full debug information: stack traces
# name file and line, and the build takes about two thirds of the time and half of the disk.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -gline-tables-only")

if(MOONSTONE_SANITIZE)
  # vptr needs the type information that libnode does not export (see src/runtime); function
  # misfires on calls into the uninstrumented libnode.
  add_compile_options(-fsanitize=${MOONSTONE_SANITIZE} -fno-sanitize-recover=all
                      -fno-omit-frame-pointer -O1)
  if(MOONSTONE_SANITIZE MATCHES "undefined")
    add_compile_options(-fno-sanitize=vptr,function)
  endif()
  add_link_options(-fsanitize=${MOONSTONE_SANITIZE})
endif()
if(MOONSTONE_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# Programs of a sanitized build carry their options and suppressions, however they are started.
if(MOONSTONE_SANITIZE)
  add_library(ms_sanitizer_options OBJECT ${PROJECT_SOURCE_DIR}/tools/sanitizers/options.cc)
  target_compile_definitions(ms_sanitizer_options PRIVATE
    MS_SANITIZERS_DIR="${PROJECT_SOURCE_DIR}/tools/sanitizers")
else()
  add_library(ms_sanitizer_options INTERFACE)
endif()

# ms_no_rtti(file...): for files that derive from V8 classes. Debian's libnode exports no type
# information for v8::..., so such a file does not link with RTTI. Keep them small, the classes
# final, and without dynamic_cast.
function(ms_no_rtti)
  set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -fno-rtti)
endfunction()

# ms_beast(file...): for the few files that include Asio or Beast. Under the sanitizers they are
# compiled without optimisation and without UBSan, which otherwise takes minutes per file.
function(ms_beast)
  if(MOONSTONE_SANITIZE MATCHES "undefined")
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_OPTIONS -O0 -fno-sanitize=undefined)
  endif()
endfunction()
