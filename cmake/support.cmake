# Moonstone. Licence: see LICENSE.
