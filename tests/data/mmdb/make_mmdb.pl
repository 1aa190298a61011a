#!/usr/bin/perl
# make_mmdb.pl FOLDER: makes the small databases beside it (Debian's libmaxmind-db-writer-perl). Numbers, names and addresses are
# those set aside for documentation.
use strict;
use warnings;
use MaxMind::DB::Writer::Tree;

my $folder = shift or die "usage: make_mmdb.pl FOLDER\n";
my %types = (
    autonomous_system_number       => 'uint32',
    autonomous_system_organization => 'utf8_string',
    asn                            => 'utf8_string',
    name                           => 'utf8_string',
    country                        => 'map',
    iso_code                       => 'utf8_string',
    registered_country             => 'map',
    names                          => 'map',
    en                             => 'utf8_string',
    country_code                   => 'utf8_string',
    country_name                   => 'utf8_string',
    as_name                        => 'utf8_string',
    as_domain                      => 'utf8_string',
    geoname_id                     => 'uint32',
    traits                         => 'map',
    location                       => 'map',
    latitude                       => 'double',
    subdivisions                   => [ 'array', 'map' ],
    is_anycast                     => 'boolean',
);

# make FILE, TYPE, VERSION, RECORD-SIZE, NETWORK => RECORD, ...
sub make {
    my ( $file, $type, $version, $size, @networks ) = @_;
    my $tree = MaxMind::DB::Writer::Tree->new(
        ip_version               => $version,
        record_size              => $size,
        database_type            => $type,
        languages                => [ 'en', 'de' ],
        description              => { en => "test of $type", de => "Test mit $type" },
        map_key_type_callback    => sub { $types{ $_[0] } },
        remove_reserved_networks => 0,
    );
    while ( my ( $network, $record ) = splice @networks, 0, 2 ) {
        $tree->insert_network( $network, $record );
    }
    open my $out, '>:raw', "$folder/$file" or die "$file: $!\n";
    $tree->write_tree($out);
    close $out or die "$file: $!\n";
}

sub maxmind {
    my ( $number, $name ) = @_;
    return { autonomous_system_number => $number, autonomous_system_organization => $name };
}

my @asn4 = (
    '192.0.2.0/25'    => maxmind( 64496,      'Example One' ),
    '198.51.100.0/24' => maxmind( 64497,      'Example Two' ),
    '203.0.113.7/32'  => maxmind( 4294967294, 'Example With Four Octets' ),
);
my @asn6 = ( @asn4, '2001:db8:1::/48' => maxmind( 64498, 'Example Six' ) );
make( 'asn.mmdb',    'GeoLite2-ASN',     6, 24, @asn6 );
make( 'asn-28.mmdb', 'DBIP-ASN-Lite (compat=GeoLite2-ASN)', 6, 28, @asn6 );
make( 'asn-32.mmdb', 'GeoLite2-ASN',     6, 32, @asn6 );
make( 'asn-v4.mmdb', 'GeoLite2-ASN',     4, 24, @asn4 );
make(
    'ipinfo.mmdb', 'ipinfo generic_asn_free.mmdb', 6, 32,
    '192.0.2.0/25'    => { asn => 'AS64496', name => 'Example One' },
    '198.51.100.0/24' => { asn => 'AS64497', name => 'Example Two' },
    '203.0.113.7/32'  => { asn => 'AS4294967294' },
    '203.0.113.8/32'  => { asn => '' },
    '203.0.113.9/32'  => { asn => 'AS99999999999' },
    '203.0.113.10/32' => { asn => 'example' },
    '2001:db8:1::/48' => { asn => 'AS64498', name => 'Example Six' },
);
make(
    'enterprise.mmdb', 'GeoIP2-Enterprise', 6, 28,
    '192.0.2.0/25' => {
        country      => { iso_code => 'DE' },
        location     => { latitude => 52.5 },
        subdivisions => [ { iso_code => 'BE' }, { iso_code => 'BB' } ],
        traits       => { is_anycast => 1, autonomous_system_number => 64496 },
    },
    '198.51.100.0/24' => { traits => { autonomous_system_number => 64497 } },
);
make( 'country.mmdb', 'GeoLite2-Country', 6, 24, '192.0.2.0/24' => { country => { iso_code => 'DE' } } );

# countries, as several makers have them
sub iso { return { country => { iso_code => $_[0], geoname_id => 42, names => { en => $_[1] } } } }
make(
    'country-maxmind.mmdb', 'GeoLite2-Country', 6, 24,
    '192.0.2.0/25'    => { %{ iso( 'DE', 'Germany' ) }, registered_country => { iso_code => 'FR' } },
    '198.51.100.0/24' => { registered_country => { iso_code => 'CH' } },
    '203.0.113.7/32'  => { country => { iso_code => 'D1' } },
    '203.0.113.8/32'  => { country => { iso_code => 'DEU' } },
    '203.0.113.9/32'  => { country => { iso_code => '' }, registered_country => { iso_code => 'AT' } },
    '2001:db8:1::/48' => iso( 'NL', 'Netherlands' ),
);
make(
    'country-dbip.mmdb', 'DBIP-Country-Lite', 6, 28,
    '192.0.2.0/25'    => iso( 'DE', 'Germany' ),
    '198.51.100.0/24' => iso( 'CH', 'Switzerland' ),
    '203.0.113.9/32'  => iso( 'AT', 'Austria' ),
    '2001:db8:1::/48' => iso( 'NL', 'Netherlands' ),
);
{
    local $types{country} = 'utf8_string';
    make(
        'country-ipinfo.mmdb', 'ipinfo generic_country_free.mmdb', 6, 32,
        '192.0.2.0/25'    => { country => 'DE', country_name => 'Germany' },
        '198.51.100.0/24' => { country => 'CH', country_name => 'Switzerland' },
        '203.0.113.7/32'  => { country => 'Germany', country_name => 'Germany' },
        '203.0.113.9/32'  => { country => 'AT', country_name => 'Austria' },
        '2001:db8:1::/48' => { country => 'NL', country_name => 'Netherlands' },
    );
    make(
        'lite-ipinfo.mmdb', 'ipinfo generic_lite_free.mmdb', 6, 32,
        '192.0.2.0/25' =>
          { asn => 'AS64496', as_name => 'Example One', as_domain => 'example.com', country => 'Germany', country_code => 'DE' },
        '198.51.100.0/24' => { asn => 'AS64497', as_name => 'Example Two', country => 'Switzerland', country_code => 'CH' },
        '203.0.113.9/32'  => { country => 'Austria', country_code => 'AT' },
        '2001:db8:1::/48' => { asn => 'AS64498', as_name => 'Example Six', country => 'Netherlands', country_code => 'NL' },
    );
}
make(
    'country-flat-v4.mmdb', 'dbip-country-ipv4.mmdb', 4, 24,
    '192.0.2.0/25'    => { country_code => 'DE' },
    '198.51.100.0/24' => { country_code => 'CH' },
    '203.0.113.9/32'  => { country_code => 'AT' },
    '203.0.113.10/32' => { country_code => 'de' },
);
