# Off in release only: at -O2 g++ 12 warns of overlaps and uses that do not exist (GCC PR 105651).
option(SLUICE_WERROR "warnings are errors" ON)

add_library(sluice_flags INTERFACE)
target_compile_options(sluice_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wimplicit-fallthrough -Wno-missing-field-initializers
  $<$<BOOL:${SLUICE_WERROR}>:-Werror> -fstack-protector-strong)
target_include_directories(sluice_flags INTERFACE ${PROJECT_SOURCE_DIR}/src)

# sluice_folder(NAME DEPS folder… LIBS third-party…)
# One folder of src/ is one library; its *_test.cc make one test program, NAME_test. Files are
# found by name, so a file outside every target cannot exist.
function(sluice_folder name)
  cmake_parse_arguments(ARG "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  set(tests ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cc$")
  list(FILTER sources EXCLUDE REGEX "_test\\.cc$")
  add_library(sluice_${name} STATIC ${sources})
  target_link_libraries(sluice_${name} PUBLIC sluice_flags fmt::fmt PRIVATE ${ARG_LIBS})
  foreach(dep ${ARG_DEPS})
    target_link_libraries(sluice_${name} PUBLIC sluice_${dep})
  endforeach()
  if(tests AND SLUICE_TESTS)
    add_executable(${name}_test ${tests})
    target_link_libraries(${name}_test PRIVATE sluice_${name} ${ARG_LIBS} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${name}_test PRIVATE SLUICE_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
    add_test(NAME ${name} COMMAND ${name}_test)
  endif()
endfunction()

# sluice_failpoints(FILE…)
# Turns SLUICE_FAILPOINT on in these files of the current folder, in builds for tests only.
option(SLUICE_FAILPOINTS "places where tests make the program die, stop, wait or fail" OFF)
function(sluice_failpoints)
  if(SLUICE_FAILPOINTS)
    set_property(SOURCE ${ARGN} APPEND PROPERTY COMPILE_DEFINITIONS SLUICE_FAILPOINTS)
  endif()
endfunction()
