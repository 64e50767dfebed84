// Moonstone. Licence: see LICENSE.
// The non-template parts of Asio's TLS; the rest of Asio is compiled in server/asio.cc.
#include <boost/asio/ssl/impl/src.hpp>
