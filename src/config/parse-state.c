/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "base/array.h"
#include "base/text.h"
#include "config/parse-state.h"

static void config_message_done(ConfigMessage *m)
{
        free(m->text);
        free(m->application);
        free(m->file);
        free(m->key);
}

void config_messages_done(ConfigMessages *m)
{
        for (size_t i = 0; i < m->n_items; i++)
                config_message_done(m->items + i);
        free(m->items);
        *m = (ConfigMessages){ 0 };
}

char *config_messages_join(const ConfigMessages *m, ConfigLevel level)
{
        Text t = { 0 };
        for (size_t i = 0; i < m->n_items; i++)
                if (m->items[i].level == level)
                        text_printf(&t, "%s%s", t.length > 0 ? "\n" : "", m->items[i].text);
        return text_take(&t);
}

static int copy_string(const char *s, char **ret)
{
        *ret = s ? strdup(s) : NULL;
        return s && !*ret ? -ENOMEM : 0;
}

static int _printf_(3, 0) add_message(ParseState *p, ConfigLevel level, const char *format, va_list ap)
{
        if (p->quiet)
                return 0;

        Text t = { 0 };
        text_add(&t, p->file);
        if (p->line > 0)
                text_printf(&t, ":%u", p->line);
        text_add(&t, ": ");
        if (p->key)
                text_printf(&t, "%s=: ", p->key);
        text_vprintf(&t, format, ap);

        ConfigMessage m = { .level = level, .line = p->line, .text = text_take(&t) };
        if (!m.text || copy_string(p->application, &m.application) < 0 || copy_string(p->file, &m.file) < 0 ||
                        copy_string(p->key, &m.key) < 0 ||
                        ARRAY_GROW(p->messages->items, p->messages->n_items, p->messages->n_allocated) < 0) {
                config_message_done(&m);
                return -ENOMEM;
        }
        p->messages->items[p->messages->n_items++] = m;
        if (level == CONFIG_ERROR)
                p->messages->n_errors++;
        return 0;
}

int parse_error(ParseState *p, const char *format, ...)
{
        va_list ap;
        va_start(ap, format);
        int r = add_message(p, CONFIG_ERROR, format, ap);
        va_end(ap);
        return r < 0 ? r : -EINVAL;
}

int parse_warning(ParseState *p, const char *format, ...)
{
        va_list ap;
        va_start(ap, format);
        int r = add_message(p, CONFIG_WARNING, format, ap);
        va_end(ap);
        return r;
}

int config_messages_move(ConfigMessages *from, ConfigMessages *to)
{
        int r = array_reserve(
                        &to->items, &to->n_allocated, to->n_items + from->n_items, sizeof(ConfigMessage));
        if (r < 0)
                return r;
        for (size_t i = 0; i < from->n_items; i++)
                to->items[to->n_items++] = from->items[i];
        to->n_errors += from->n_errors;
        from->n_items = 0;
        return 0;
}
