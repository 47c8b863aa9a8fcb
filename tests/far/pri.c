/*
 * The far end of a primary rate line, by libpri, for the tests of `line`. It is a program of its own:
 * libpri is under the GNU General Public License 2, and nothing of the product is linked with it.
 *
 *   pri user|network answer             answers every call and waits to be cleared
 *   pri user|network busy               refuses every call with cause 17
 *   pri user|network dial N AT_ONCE MS  makes N calls, so many at once, each cleared after so long
 *
 * The D channel is a datagram socket at descriptor 0, each frame with two octets for its check
 * sequence. What happens is written to standard output, a line each.
 */
#include <errno.h>
#include <fcntl.h>
#include <libpri.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#define CHANNELS 32
#define D_CHANNEL 16

static struct line {
    q931_call *call;
    int talks;
    long long clear_at;
} lines[CHANNELS];

static int to_make, at_once, hold_ms, answers;
static int calls_now;

static long long now_ms(void)
{
    struct timeval tv;
    gettimeofday(&tv, NULL);
    return tv.tv_sec * 1000LL + tv.tv_usec / 1000;
}

static int frame_in(struct pri *pri, void *buffer, int length)
{
    ssize_t got = read(0, buffer, length);
    (void)pri;
    if (got == 0)
        exit(0);
    if (got < 0 && errno != EAGAIN)
        exit(0);
    return got < 0 ? 0 : (int)got;
}

static int frame_out(struct pri *pri, void *buffer, int length)
{
    ssize_t sent = write(0, buffer, length);
    (void)pri;
    return sent < 0 ? 0 : (int)sent;
}

static void complain(struct pri *pri, char *text)
{
    (void)pri;
    fprintf(stderr, "libpri: %s", text);
}

static int line_of(q931_call *call)
{
    for (int n = 1; n < CHANNELS; n++)
        if (lines[n].call == call)
            return n;
    return 0;
}

static void forget(q931_call *call)
{
    int n = line_of(call);
    if (n) {
        memset(&lines[n], 0, sizeof lines[n]);
        calls_now--;
    }
}

/* A call takes its channel; where it moved, the one before is free. */
static void note(int channel, q931_call *call)
{
    int n = channel & 0xFF, before = line_of(call);
    if (before == n || n <= 0 || n >= CHANNELS)
        return;
    if (before) {
        lines[n] = lines[before];
        memset(&lines[before], 0, sizeof lines[before]);
    } else {
        calls_now++;
    }
    lines[n].call = call;
}

static void dial(struct pri *pri)
{
    int n;
    for (n = 1; n < CHANNELS; n++)
        if (n != D_CHANNEL && !lines[n].call)
            break;
    if (n == CHANNELS)
        return;
    q931_call *call = pri_new_call(pri);
    struct pri_sr *request = pri_sr_new();
    pri_sr_set_channel(request, n, 0, 0);
    pri_sr_set_bearer(request, PRI_TRANS_CAP_SPEECH, PRI_LAYER_1_ALAW);
    pri_sr_set_called(request, "95000", PRI_UNKNOWN, 1);
    pri_sr_set_caller(request, "2168889999", "Li Na", PRI_NATIONAL_ISDN, PRES_ALLOWED_NETWORK_NUMBER);
    note(n, call);
    if (pri_setup(pri, call, request))
        forget(call);
    pri_sr_free(request);
    to_make--;
}

static void happened(struct pri *pri, pri_event *event)
{
    switch (event->e) {
    case PRI_EVENT_DCHAN_UP:
        puts("up");
        break;
    case PRI_EVENT_DCHAN_DOWN:
        puts("down");
        break;
    case PRI_EVENT_RING:
        printf("ring %d from %s (%s) to %s\n", event->ring.channel & 0xFF, event->ring.callingnum,
               event->ring.callingname, event->ring.callednum);
        note(event->ring.channel, event->ring.call);
        if (!answers) {
            pri_proceeding(pri, event->ring.call, event->ring.channel, 0);
            pri_hangup(pri, event->ring.call, PRI_CAUSE_USER_BUSY);
            break;
        }
        pri_proceeding(pri, event->ring.call, event->ring.channel, 0);
        pri_acknowledge(pri, event->ring.call, event->ring.channel, 0);
        pri_answer(pri, event->ring.call, event->ring.channel, 0);
        break;
    case PRI_EVENT_PROCEEDING:
        note(event->proceeding.channel, event->proceeding.call);
        break;
    case PRI_EVENT_RINGING:
        note(event->ringing.channel, event->ringing.call);
        puts("ringing");
        break;
    case PRI_EVENT_ANSWER: {
        int n = line_of(event->answer.call);
        pri_connect_ack(pri, event->answer.call, event->answer.channel);
        printf("answer %d\n", event->answer.channel & 0xFF);
        if (n) {
            lines[n].talks = 1;
            lines[n].clear_at = now_ms() + hold_ms;
        }
        break;
    }
    case PRI_EVENT_HANGUP_REQ:
        printf("cleared %d\n", event->hangup.cause);
        pri_hangup(pri, event->hangup.call, event->hangup.cause);
        break;
    case PRI_EVENT_HANGUP:
        printf("gone %d\n", event->hangup.cause);
        forget(event->hangup.call);
        pri_hangup(pri, event->hangup.call, event->hangup.cause);
        break;
    case PRI_EVENT_HANGUP_ACK:
        puts("gone");
        forget(event->hangup.call);
        pri_hangup(pri, event->hangup.call, event->hangup.cause);
        break;
    case PRI_EVENT_RESTART:
        printf("restart %d\n", event->restart.channel);
        break;
    case PRI_EVENT_RESTART_ACK:
        puts("restarted");
        break;
    }
    fflush(stdout);
}

static void clear_due(struct pri *pri)
{
    for (int n = 1; n < CHANNELS; n++)
        if (lines[n].talks && lines[n].clear_at <= now_ms()) {
            lines[n].talks = 0;
            pri_hangup(pri, lines[n].call, PRI_CAUSE_NORMAL_CLEARING);
        }
}

int main(int count, char **words)
{
    if (count < 3)
        return 2;
    int side = strcmp(words[1], "network") ? PRI_CPE : PRI_NETWORK;
    answers = strcmp(words[2], "busy") != 0;
    if (!strcmp(words[2], "dial") && count == 6) {
        to_make = atoi(words[3]);
        at_once = atoi(words[4]);
        hold_ms = atoi(words[5]);
    }
    fcntl(0, F_SETFL, O_NONBLOCK);
    pri_set_error(complain);
    pri_set_message(complain);
    struct pri *pri = pri_new_cb(0, side, PRI_SWITCH_EUROISDN_E1, frame_in, frame_out, NULL);
    if (!pri)
        return 1;
    if (getenv("PRI_DEBUG"))
        pri_set_debug(pri, PRI_DEBUG_Q931_DUMP | PRI_DEBUG_Q921_DUMP);
    int up = 0, made = to_make > 0;
    for (;;) {
        struct timeval *next = pri_schedule_next(pri);
        int wait = 20;
        if (next) {
            long long due = next->tv_sec * 1000LL + next->tv_usec / 1000 - now_ms();
            wait = due < 0 ? 0 : due < wait ? (int)due : wait;
        }
        struct pollfd ready = { .fd = 0, .events = POLLIN };
        int came = poll(&ready, 1, wait);
        pri_event *event = came > 0 ? pri_check_event(pri) : pri_schedule_run(pri);
        if (event) {
            up = event->e == PRI_EVENT_DCHAN_UP || (up && event->e != PRI_EVENT_DCHAN_DOWN);
            happened(pri, event);
        }
        clear_due(pri);
        while (up && to_make > 0 && calls_now < at_once) {
            int left = to_make;
            dial(pri);
            if (left == to_make)
                break;
        }
        if (made && to_make == 0 && calls_now == 0) {
            puts("done");
            fflush(stdout);
            made = 0;
        }
    }
}
