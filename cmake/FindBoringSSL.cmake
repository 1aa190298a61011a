# FindBoringSSL: imported targets BoringSSL::crypto and BoringSSL::ssl.
#
#   default               Debian's android-libboringssl-dev: headers in /usr/include/android, shared libraries in the
#                         multiarch android/ folder, which gets into the rpath.
#   -DBORINGSSL_ROOT=DIR  any other build: DIR/include, and libssl/libcrypto as .a or .so in DIR, DIR/lib, DIR/build, ...
#
# BoringSSL_VERSION is BORINGSSL_API_VERSION of the headers.

set(BORINGSSL_ROOT "" CACHE PATH "Root of a BoringSSL build; empty: Debian's android-libboringssl-dev")

# What was found under another root must not stay in the cache of this build directory.
if(NOT "${BORINGSSL_ROOT}" STREQUAL "${BoringSSL_found_under}")
  unset(BoringSSL_INCLUDE_DIR CACHE)
  unset(BoringSSL_crypto_LIBRARY CACHE)
  unset(BoringSSL_ssl_LIBRARY CACHE)
endif()
set(BoringSSL_found_under "${BORINGSSL_ROOT}" CACHE INTERNAL "BORINGSSL_ROOT of the last search")

if(BORINGSSL_ROOT)
  find_path(BoringSSL_INCLUDE_DIR openssl/base.h PATHS ${BORINGSSL_ROOT}/include NO_DEFAULT_PATH)
  foreach(lib crypto ssl)
    find_library(BoringSSL_${lib}_LIBRARY ${lib} NO_DEFAULT_PATH
                 PATHS ${BORINGSSL_ROOT} PATH_SUFFIXES lib lib64 build . ${lib} build/${lib})
  endforeach()
else()
  find_path(BoringSSL_INCLUDE_DIR openssl/base.h PATHS /usr/include/android NO_DEFAULT_PATH)
  foreach(lib crypto ssl)
    find_library(BoringSSL_${lib}_LIBRARY ${lib} NO_DEFAULT_PATH
                 PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/android)
  endforeach()
endif()

if(BoringSSL_INCLUDE_DIR)
  file(STRINGS ${BoringSSL_INCLUDE_DIR}/openssl/base.h boringssl_lines REGEX "define BORINGSSL_API_VERSION")
  string(REGEX MATCH "[0-9]+" BoringSSL_VERSION "${boringssl_lines}")
  if(NOT BoringSSL_VERSION)
    message(FATAL_ERROR "${BoringSSL_INCLUDE_DIR} holds the headers of another library, not BoringSSL")
  endif()
endif()

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoringSSL
  VERSION_VAR BoringSSL_VERSION
  REQUIRED_VARS BoringSSL_crypto_LIBRARY BoringSSL_ssl_LIBRARY BoringSSL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install android-libboringssl-dev, or name a build with -DBORINGSSL_ROOT=DIR")

if(BoringSSL_FOUND AND NOT TARGET BoringSSL::crypto)
  find_package(Threads REQUIRED)
  foreach(lib crypto ssl)
    add_library(BoringSSL::${lib} UNKNOWN IMPORTED)
    set_target_properties(BoringSSL::${lib} PROPERTIES
      IMPORTED_LOCATION ${BoringSSL_${lib}_LIBRARY}
      INTERFACE_SYSTEM_INCLUDE_DIRECTORIES ${BoringSSL_INCLUDE_DIR}
      INTERFACE_INCLUDE_DIRECTORIES ${BoringSSL_INCLUDE_DIR})
  endforeach()
  target_link_libraries(BoringSSL::crypto INTERFACE Threads::Threads)
  target_link_libraries(BoringSSL::ssl INTERFACE BoringSSL::crypto)
  if(BoringSSL_ssl_LIBRARY MATCHES "\\.a$")   # upstream builds are C++ archives
    target_link_libraries(BoringSSL::crypto INTERFACE stdc++)
  else()
    get_filename_component(boringssl_dir ${BoringSSL_ssl_LIBRARY} DIRECTORY)
    target_link_options(BoringSSL::crypto INTERFACE "LINKER:-rpath,${boringssl_dir}")
  endif()
endif()
mark_as_advanced(BoringSSL_INCLUDE_DIR BoringSSL_crypto_LIBRARY BoringSSL_ssl_LIBRARY)
