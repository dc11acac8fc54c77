/* SPDX-License-Identifier: MIT */
/* Where the tools keep what they share; domusd's options move all of it. */
#pragma once

/** The daemon's socket; the variable DOMUS_SOCKET points clients elsewhere. */
#define DOMUS_SOCKET_PATH "/run/domus/domusd.sock"
/** Guests' records. */
#define DOMUS_STATE_DIR "/var/lib/domus/guests"
/** Guests' console logs. */
#define DOMUS_LOG_DIR "/var/log/domus"
