# What scripts/deps installed. Each is linked by the one folder that owns it (docs/ARCHITECTURE.md).
set(SLUICE_DEPS_DIR "${PROJECT_SOURCE_DIR}/.deps" CACHE PATH "where scripts/deps put its libraries")

find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(PkgConfig REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(simdjson 3.0 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
pkg_check_modules(YAML_CPP REQUIRED IMPORTED_TARGET yaml-cpp)
pkg_check_modules(LIBPQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(LIBCURL REQUIRED IMPORTED_TARGET libcurl)
find_package(Boost 1.81 REQUIRED)  # headers only
find_package(CLI11 2.1 REQUIRED)
option(SLUICE_TESTS "build the test programs (GoogleTest)" ON)
if(SLUICE_TESTS)
  find_package(GTest REQUIRED)
endif()

add_library(duckdb SHARED IMPORTED)
set_target_properties(duckdb PROPERTIES
  IMPORTED_LOCATION ${SLUICE_DEPS_DIR}/duckdb-1.5.6/lib/libduckdb.so
  IMPORTED_NO_SONAME ON
  INTERFACE_INCLUDE_DIRECTORIES ${SLUICE_DEPS_DIR}/duckdb-1.5.6/include)

add_library(rdkafka STATIC IMPORTED)
set_target_properties(rdkafka PROPERTIES
  IMPORTED_LOCATION ${SLUICE_DEPS_DIR}/librdkafka-2.15.1-patched-3/lib/librdkafka.a
  INTERFACE_INCLUDE_DIRECTORIES ${SLUICE_DEPS_DIR}/librdkafka-2.15.1-patched-3/include
  INTERFACE_LINK_LIBRARIES "ssl;crypto;sasl2;zstd;lz4;z;curl;m;dl;rt;Threads::Threads")
