# FindBoringSSL: imported targets BoringSSL::crypto and BoringSSL::ssl.
#
#   default               Debian's android-libboringssl-dev: headers in /usr/include/android, shared libraries in the
#                         multiarch android/ folder, which gets into the rpath.
#   -DBORINGSSL_ROOT=DIR  any other build: DIR/include, and libssl/libcrypto as .a or .so in DIR, DIR/lib, DIR/build, ...

set(BORINGSSL_ROOT "" CACHE PATH "Root of a BoringSSL build; empty: Debian's android-libboringssl-dev")

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

include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(BoringSSL
  REQUIRED_VARS BoringSSL_crypto_LIBRARY BoringSSL_ssl_LIBRARY BoringSSL_INCLUDE_DIR
  REASON_FAILURE_MESSAGE "install android-libboringssl-dev, or name a build with -DBORINGSSL_ROOT=DIR")

if(BoringSSL_FOUND AND NOT TARGET BoringSSL::crypto)
  file(STRINGS ${BoringSSL_INCLUDE_DIR}/openssl/base.h is_boringssl REGEX "define OPENSSL_IS_BORINGSSL")
  if(NOT is_boringssl)
    message(FATAL_ERROR "${BoringSSL_INCLUDE_DIR} holds the headers of another library, not BoringSSL")
  endif()
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
    target_link_libraries(BoringSSL::ssl INTERFACE stdc++)
    target_link_libraries(BoringSSL::crypto INTERFACE stdc++)
  else()
    get_filename_component(boringssl_dir ${BoringSSL_ssl_LIBRARY} DIRECTORY)
    target_link_options(BoringSSL::crypto INTERFACE "LINKER:-rpath,${boringssl_dir}")
  endif()
endif()
mark_as_advanced(BoringSSL_INCLUDE_DIR BoringSSL_crypto_LIBRARY BoringSSL_ssl_LIBRARY)
