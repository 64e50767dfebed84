// Moonstone. Licence: see LICENSE.
// The non-template parts of Asio and Beast, compiled once for all modules.
#include <boost/asio/impl/src.hpp>
#include <boost/beast/src.hpp>
