/*
 * What spandsp makes of caller id, keys and tones, for the detectors of `line`. It is a program of its
 * own: spandsp is under the GNU Lesser General Public License 2.1, and nothing of the product is
 * linked with it.
 *
 *   tones cid bell202|bell202-single|v23|dtmf NUMBER   a caller's number as an exchange sends it
 *   tones keys KEYS ON_MS OFF_MS TWIST_DB              keys, the high tone so much above the low one
 *   tones tone HZ HZ ON OFF ON OFF MS                  a tone of one pitch or two, repeated
 *
 * Samples of 16 bits at 8 kHz, in the machine's order, on standard output.
 */
#define SPANDSP_EXPOSE_INTERNAL_STRUCTURES
#include <spandsp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK 160

static void out(const int16_t *samples, int count)
{
    if (fwrite(samples, sizeof(*samples), count, stdout) != (size_t)count)
        exit(1);
}

static int caller_id(const char *kind, const char *number)
{
    const uint8_t *digits = (const uint8_t *)number;
    int length = (int)strlen(number), used, got, quiet = 0;
    int single = strcmp(kind, "bell202-single") == 0, v23 = strcmp(kind, "v23") == 0;
    int keys = strcmp(kind, "dtmf") == 0;
    int standard = keys ? ADSI_STANDARD_CLIP_DTMF : v23 ? ADSI_STANDARD_CLIP : ADSI_STANDARD_CLASS;
    adsi_tx_state_t *tx = adsi_tx_init(NULL, standard);
    uint8_t message[256];
    int16_t samples[BLOCK];

    if (keys) {
        used = adsi_add_field(tx, message, -1, CLIP_DTMF_C_TERMINATED, NULL, 0);
        used = adsi_add_field(tx, message, used, CLIP_DTMF_C_REDIRECT_NUMBER, digits, length);
    } else if (single) {
        used = adsi_add_field(tx, message, -1, CLASS_SDMF_CALLERID, NULL, 0);
        used = adsi_add_field(tx, message, used, 0, (const uint8_t *)"11231504", 8);
        used = adsi_add_field(tx, message, used, 0, digits, length);
    } else {
        used = adsi_add_field(tx, message, -1, v23 ? CLIP_MDMF_CALLERID : CLASS_MDMF_CALLERID,
                              NULL, 0);
        used = adsi_add_field(tx, message, used, MCLASS_DATETIME, (const uint8_t *)"11231504", 8);
        used = adsi_add_field(tx, message, used, MCLASS_CALLER_NUMBER, digits, length);
        used = adsi_add_field(tx, message, used, MCLASS_CALLER_NAME, (const uint8_t *)"ZHANG SAN",
                              9);
    }
    if (adsi_tx_put_message(tx, message, used) < 0)
        return 1;
    /* It says how many samples it made: fewer, and then none, when it is over. */
    while (quiet < 5) {
        got = adsi_tx(tx, samples, BLOCK);
        quiet = got > 0 ? 0 : quiet + 1;
        out(samples, got);
    }
    adsi_tx_free(tx);
    return 0;
}

static int press(const char *keys, int on_ms, int off_ms, int twist_db)
{
    dtmf_tx_state_t *tx = dtmf_tx_init(NULL);
    int16_t samples[BLOCK];
    int got;

    dtmf_tx_set_level(tx, -14, twist_db);
    dtmf_tx_set_timing(tx, on_ms, off_ms);
    for (; *keys; keys++) {
        dtmf_tx_put(tx, keys, 1);
        while ((got = dtmf_tx(tx, samples, BLOCK)) > 0)
            out(samples, got);
    }
    dtmf_tx_free(tx);
    return 0;
}

static int tone(char **a)
{
    tone_gen_descriptor_t what;
    tone_gen_state_t state;
    int16_t samples[BLOCK];
    int left = atoi(a[6]) * 8, second = atoi(a[1]);

    tone_gen_descriptor_init(&what, atoi(a[0]), -13, second, second ? -13 : 0, atoi(a[2]),
                             atoi(a[3]), atoi(a[4]), atoi(a[5]), 1);
    tone_gen_init(&state, &what);
    for (; left > 0; left -= BLOCK)
        out(samples, tone_gen(&state, samples, BLOCK));
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "cid") == 0)
        return caller_id(argv[2], argv[3]);
    if (argc == 6 && strcmp(argv[1], "keys") == 0)
        return press(argv[2], atoi(argv[3]), atoi(argv[4]), atoi(argv[5]));
    if (argc == 9 && strcmp(argv[1], "tone") == 0)
        return tone(argv + 2);
    fprintf(stderr, "usage: tones cid KIND NUMBER | keys ... | tone ...\n");
    return 2;
}
