#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# test-errors.sh [--list]
#
# doc/errors.md explains every message that the program can refuse something with, and none that it no longer has: the
# formats are taken from the sources, with "…" for what a conversion fills in, and compared with the first column of the
# document's tables. --list prints them, each with its file.

set -euo pipefail

if ! command -v perl >/dev/null; then
        echo 'SKIP: there is no perl'
        exit 77
fi
cd "${top_srcdir:-$(dirname "$(readlink -f "$0")")/../..}"

exec perl -CSDA - "$@" <<'END'
use strict;
use warnings;
use utf8;

# Where messages are made: files; the functions that make them, or a pattern for tables of them; for functions which
# calls count, and whether all texts of a call do, or the first.
my %severe;
my @rules = (
        # Files of configuration, `distroctl verify`
        { files => 'src/config/*.c', call => 'parse_error|parse_warning' },
        { files => 'src/config/installed-unit.c', call => 'text_format|say' },
        { files => 'src/base/ip-address.c src/base/address-spec.c', call => 'text_refuse' },
        # Corosync's configuration
        { files => 'src/group/cluster.c', call => 'text_refuse' },
        { files => 'src/group/connection.c', call => 'asprintf' },
        { files => 'src/group/group.c', call => 'asprintf' },
        # The manager: what it says with priority warning and above, and when it ends
        { files => 'src/daemon/*.c', call => 'journal_text', if => sub { $_[0] =~ /\b(JOURNAL_\w+)/ && $severe{$1} } },
        { files => 'src/daemon/maintenance.c', call => 'journal_app' },
        { files => 'src/daemon/main.c', call => 'fprintf' },
        { files => 'src/daemon/record.c', call => 'snprintf' },
        { files => 'src/daemon/effects.c src/daemon/cluster-link.c src/daemon/journal.c', call => 'asprintf' },
        { files => 'src/engine/member/sync.c src/engine/local/startup.c', call => 'snprintf' },
        # What the bus answers
        { files => 'src/bus/errors.c', table => qr/\[COMMAND_\w+\] = \{ BUS_ERROR_PREFIX "\w+",\s*((?:"[^"]*"\s*)+)\}/ },
        { files => 'src/bus/*.c', call => 'bus_error_set|bus_error_set_invalid|call_denied' },
        { files => 'src/bus/call.c', call => 'snprintf', if => sub { $_[0] =~ /^\s*text\b/ } },
        { files => 'src/engine/agreed/command.c src/engine/local/request.c', call => 'refuse|request_finish|request_reply|snprintf' },
        { files => 'src/engine/agreed/definition.c src/engine/member/deliver.c', call => 'member_note|agreed_note', if => sub { $_[0] =~ /taken|not be sent/ } },
        { files => 'src/engine/local/worker.c', table => qr/\btext = ("[^"]+");/ },
        # Why an application does not run, and a node may not run it
        { files => 'src/engine/agreed/decide.c src/engine/agreed/verdict.c', call => 'snprintf' },
        { files => 'src/engine/status.c', call => 'say', if => sub { $_[0] =~ /APP_(BLOCKED|FAILED|ORPHAN)/ } },
        { files => 'src/engine/agreed/explain.c', call => 'snprintf', if => sub { $_[0] =~ /^\s*ret_why\b/ && $_[0] !~ /tier|is here/ },
                all => 1 },
        { files => 'src/engine/agreed/app.c src/engine/agreed/copy.c', call => 'app_fail_copy|app_mark_node' },
        { files => 'src/daemon/effects.c', call => 'refuse_start' },
        { files => 'src/systemd/unit*.c', call => 'refuse|await_rest|unit_end_start|with_reason|units_say' },
        { files => 'src/systemd/unit-*.c', call => 'snprintf', if => sub { $_[0] =~ /^\s*(text|ret_reason)\b/ } },
        { files => 'src/systemd/part-state.c', call => 'say_of_part|snprintf', if => sub { $_[0] =~ /^\s*ret(->ended|->restarts)?, (v|size_bytes),\s*"\w/ } },
        { files => 'src/systemd/unit-parts.c', call => 'snprintf' },
        { files => 'src/systemd/unit-road.c', call => 'snprintf', if => sub { $_[0] =~ /^\s*ret\b/ } },
        { files => 'src/systemd/unit-jobs.c', table => qr/\bf\.text = ("[^"]+");/ },
        { files => 'src/systemd/unit-state.c', table => qr/\{ "\w+", UNIT_\w+, ("[^"]+") \}/ },
        # distroctl
        { files => 'src/ctl/*.c', call => 'ctl_error|ctl_warning|verify_add|sd_bus_error_setf' },
        { files => 'src/ctl/bus-client.c', call => 'asprintf' },
        { files => 'src/ctl/goal.c', call => 'verdict', if => sub { $_[0] =~ /VERDICT_(FAILED|STUCK)/ } },
        { files => 'src/world/script*.c', call => 'refuse|parse_refuse' },
        { files => 'src/world/script*.c', call => 'snprintf', if => sub { $_[0] =~ /^\s*ret_error\b/ } },
);

sub slurp {
        my ($file) = @_;
        open(my $f, '<', $file) or die "$file: $!\n";
        local $/;
        my $text = <$f>;
        $text =~ s{/\*.*?\*/}{}gs;
        return $text;
}

# The arguments of a call, from behind its opening bracket.
sub arguments {
        my ($text) = @_;
        my ($depth, @list) = (1, '');
        while ($text =~ /\G("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+'|.)/gs) {
                my $token = $1;
                $depth++ if $token =~ /^[(\[{]$/;
                $depth-- if $token =~ /^[)\]}]$/;
                last if $depth == 0;
                if ($token eq ',' && $depth == 1) { push @list, '' } else { $list[-1] .= $token }
        }
        return @list;
}

# The texts in an expression: neighbouring literals and macros are one, those of the branches of "? :" are several.
sub texts {
        my ($expression, $macros) = @_;
        my (@list, $text);
        while ($expression =~ /\G\s*("((?:[^"\\]|\\.)*)"|([A-Za-z_]\w*)|.)/gs) {
                my ($token, $literal, $word) = ($1, $2, $3 // '');
                if (defined $literal) { $text .= $literal }
                elsif (defined $macros->{$word}) { $text .= $macros->{$word} }
                elsif ($word =~ /^(?:[A-Z][A-Z0-9_]*|PRI\w+)$/ && defined $text) { $text .= "\x01" }
                elsif ($token =~ /\S/) { push @list, $text if defined $text; undef $text }
        }
        push @list, $text if defined $text;
        return @list;
}

sub normal {
        my ($text) = @_;
        $text =~ s/\\n.*//s;
        $text =~ s/\\"/"/g;
        $text =~ s/%%/\x02/g;
        $text =~ s/%[-+ #0-9.*]*(?:hh|h|ll|l|z|j)?[diuxXscgf\x01]/…/g;
        $text =~ s/\x01/…/g;
        $text =~ s/\x02/%/g;
        $text =~ s/…+/…/g;
        $text =~ s/^\s+|\s+$//g;
        return $text;
}

for (slurp('src/daemon/journal-table.c') =~ /\[(JOURNAL_\w+)\] = \{ "[^"]*", "[^"]*", LOG_(?:CRIT|ERR|WARNING)\b/g) {
        $severe{$_} = 1;
}

my %found;
for my $rule (@rules) {
        my $n = 0;
        for my $file (map { glob } split ' ', $rule->{files}) {
                my $source = slurp($file);
                # Texts that a file has given a name.
                my %macros = map { s/\\\n//gr } $source =~ /^#define (\w+) +(?:\\\n\s*)?((?:"(?:[^"\\]|\\.)*"(?:\s*\\\n\s*)?\s*)+)$/mg;
                $_ = join '', /"((?:[^"\\]|\\.)*)"/g for values %macros;
                $source =~ s/^#define(?:.*\\\n)*.*\n//mg;
                my @expressions;
                if ($rule->{table}) {
                        @expressions = $source =~ /$rule->{table}/g;
                } else {
                        while ($source =~ /\b(?:$rule->{call})\s*\(/g) {
                                my $rest = substr($source, pos $source);
                                my @list = arguments($rest);
                                next if $rule->{if} && !$rule->{if}->(join ',', @list);
                                my @with_text = grep { /"/ } @list;
                                push @expressions, $rule->{all} ? @with_text : @with_text[0 .. (@with_text ? 0 : -1)];
                        }
                }
                for (map { texts($_, \%macros) } @expressions) {
                        my $text = normal($_);
                        next if $text !~ /\pL{2}.* /; # nothing but what is filled in, or a word of another language
                        $found{$text} //= $file;
                        $n++;
                }
        }
        die "$rule->{files}: no messages are found any more; correct the rules of this test\n" if $n == 0;
}

if (@ARGV && $ARGV[0] eq '--list') {
        print "$found{$_}: $_\n" for sort { $found{$a} cmp $found{$b} || $a cmp $b } keys %found;
        exit 0;
}

my %explained;
for (split /\n/, slurp('doc/errors.md')) {
        next unless /^\| `/;
        my ($first) = /^\|((?:[^|`]|`[^`]*`|\\\|)*)\|/;
        for ($first =~ /`([^`]*)`/g) {
                my $text = s/\\\|/|/gr;
                print "doc/errors.md has twice: $text\n" and $explained{$text} = 2 if $explained{$text};
                $explained{$text} //= 1;
        }
}
my @missing = grep { !$explained{$_} } sort keys %found;
my @stale = grep { !$found{$_} } sort keys %explained;
my @twice = grep { $explained{$_} == 2 } keys %explained;
print "doc/errors.md lacks, from $found{$_}: $_\n" for @missing;
print "doc/errors.md has what no source has: $_\n" for @stale;
printf "%d passed, %d failed\n", scalar(keys %found) - @missing, @missing + @stale + @twice;
exit(@missing || @stale || @twice ? 1 : 0);
END
